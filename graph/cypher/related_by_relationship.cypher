// Customers also bought, by traversing [:RELATED] of the run that serves (after `alsobought publish --relationships`).
// Parameters: $product_id, $k, $pointer ('default').
// :params {product_id: 'EX00000001', k: 10, pointer: 'default'}
MATCH (:ActiveRun {name: $pointer})-[:IS]->(run:EmbeddingRun)
MATCH (p:Product {product_id: $product_id})-[r:RELATED {run_id: run.run_id}]->(other:Product)
WHERE coalesce(other.listed, true) AND coalesce(other.in_stock, true) AND NOT coalesce(other.blocked, false)
RETURN other.product_id AS product_id, other.title AS title, r.score AS score, r.reason AS reason, r.rank AS rank
ORDER BY rank
LIMIT $k;
