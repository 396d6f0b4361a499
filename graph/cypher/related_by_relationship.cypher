// Customers also bought, by traversing [:RELATED] of the run that serves (after `alsobought publish --relationships`).
// Parameters: $product_id, $k, $pointer ('default').
// toString() and the missing label keep the planner at the product: it would else read every [:RELATED] of the run.
// :params {product_id: 'EX00000001', k: 10, pointer: 'default'}
MATCH (:ActiveRun {name: $pointer})-[:IS]->(run)
MATCH (p:Product {product_id: $product_id})-[r:RELATED]->(other)
WHERE toString(r.run_id) = run.run_id AND coalesce(other.listed, true) AND coalesce(other.in_stock, true) AND NOT coalesce(other.blocked, false)
RETURN other.product_id AS product_id, other.title AS title, r.score AS score, r.reason AS reason, r.rank AS rank
ORDER BY rank
LIMIT $k;
