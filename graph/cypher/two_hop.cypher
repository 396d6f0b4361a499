// Neighbours of neighbours, without any model: what is linked with what is linked with a product.
// Parameters: $product_id, $k, $exclude_known (true: leave out what the graph links directly), $discount (0 for none, 0.5 is
// usual: what a step through a product with n neighbours is worth is divided by n to this power, and so is the result).
// Score: sum over c of w(p, c) * w(c, r) / n(c)^discount, / n(r)^discount. Bounded: the 200 strongest neighbours are
// followed, and none that has more than 1,000 itself; a path through such a hub says next to nothing.
// :params {product_id: 'EX00000001', k: 10, exclude_known: true, discount: 0.5}
MATCH (p:Product {product_id: $product_id})-[first:ALSO_BOUGHT]-(c:Product)
WITH p, c, first.weight AS weight, COUNT { (c)-[:ALSO_BOUGHT]-() } AS neighbours
WHERE neighbours <= 1000
WITH p, c, weight, neighbours ORDER BY weight DESC, c.product_id LIMIT 200
MATCH (c)-[second:ALSO_BOUGHT]-(r:Product)
WHERE r <> p
WITH p, r, c, weight * second.weight / neighbours ^ $discount AS points
WITH p, r, sum(points) AS points, collect({id: c.product_id, points: points}) AS paths
WHERE coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
  AND (NOT $exclude_known OR NOT EXISTS { (p)-[:ALSO_BOUGHT]-(r) })
WITH r, paths, points / COUNT { (r)-[:ALSO_BOUGHT]-() } ^ $discount AS score
ORDER BY score DESC, r.product_id LIMIT $k
CALL (paths) { UNWIND paths AS path WITH path ORDER BY path.points DESC, path.id LIMIT 2 RETURN collect(path.id) AS through }
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       score, 'through:' + reduce(text = '', id IN through | text + CASE text WHEN '' THEN '' ELSE ',' END + id) AS reason,
       'graph' AS source, null AS run_id
ORDER BY score DESC, product_id;
