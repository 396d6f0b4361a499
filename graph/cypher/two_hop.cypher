// Neighbours of neighbours, without any model: what is linked with what is linked with a product.
// Parameters: $product_id, $k, $exclude_known (true: leave out what the graph links directly), $discount (0 for none,
// 0.5 is usual: what a step through a product with n neighbours is worth is divided by n to this power, and so is the
// result).
// Score: sum over c of w(p, c) * w(c, r) / n(c)^discount, divided by n(r)^discount; the reason names the c that gives most.
// Bounded: followed are the 100 neighbours c of the highest w(p, c) / n(c)^discount, and none that has more than 500
// neighbours itself, for a path through such a hub says next to nothing.
// :params {product_id: 'EX00000001', k: 10, exclude_known: true, discount: 0.5}
MATCH (p:Product {product_id: $product_id})-[first:ALSO_BOUGHT]-(c:Product)
WITH p, c, first.weight AS weight, COUNT { (c)-[:ALSO_BOUGHT]-() } AS neighbours
WHERE neighbours <= 500
WITH p, c, c.product_id AS id, weight / neighbours ^ $discount AS weight ORDER BY weight DESC, id LIMIT 100
MATCH (c)-[second:ALSO_BOUGHT]-(r:Product)
WHERE r <> p
WITH p, r, id, weight * second.weight AS points
WITH p, r, sum(points) AS points, max([points, id]) AS best
WITH p, r, points / COUNT { (r)-[:ALSO_BOUGHT]-() } ^ $discount AS score, best[1] AS through
ORDER BY score DESC, r.product_id
WITH p, r, score, through  // looked at in order, until k have passed
WHERE coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
  AND (NOT $exclude_known OR NOT EXISTS { (p)-[:ALSO_BOUGHT]-(r) })
WITH r, score, through LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       score, 'through:' + through AS reason, 'graph' AS source, null AS run_id
ORDER BY score DESC, product_id;
