// Customers also bought: what the serving run lists for one product, best first.
// Parameters: $product_id, $k (how many), $pointer ('default' is the run that serves).
// Products that are blocked, or that the shop says are out of stock, never appear; the next best move up.
MATCH (:ActiveRun {name: $pointer})-[:IS]->(run:EmbeddingRun)
MATCH (p:Product {product_id: $product_id})
WITH run.run_id AS run_id, p, p[run.related] AS ids, p[run.related_score] AS scores, p[run.related_reason] AS reasons
UNWIND range(0, size(ids) - 1) AS i
MATCH (r:Product {product_id: ids[i]})
WHERE r.listed AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
WITH run_id, r, scores[i] AS score, reasons[i] AS reason, i ORDER BY i LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       score, reason, run_id;
