// Customers also bought, asked from the vector index: the products whose vectors fit the product's query vector best.
// Parameters: $product_id, $k, $candidates (ask for more than k: blocked and known ones are left out afterwards; the run's
// over_retrieval is what was measured to find the true neighbours), $exclude_known (true: leave out what the graph links
// directly), $pointer.
// :params {product_id: 'EX00000001', k: 10, candidates: 50, exclude_known: false, pointer: 'default'}
MATCH (:ActiveRun {name: $pointer})-[:IS]->(run:EmbeddingRun)
MATCH (p:Product {product_id: $product_id})
WITH run, p, coalesce(p[run.query_embedding], p[run.embedding]) AS query
WHERE any(x IN query WHERE x <> 0)  // a product without links has a vector of nothing, which the index refuses
CALL db.index.vector.queryNodes(run.vector_index, $candidates, query) YIELD node AS r, score
WHERE r <> p AND coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
  AND (NOT $exclude_known OR NOT EXISTS { (p)-[:ALSO_BOUGHT]-(r) })
WITH run, p, r, score ORDER BY score DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       score, CASE WHEN EXISTS { (p)-[:ALSO_BOUGHT]-(r) } THEN 'also_bought:' ELSE 'vector:' END AS reason,
       'vector' AS source, run.run_id AS run_id
ORDER BY score DESC, product_id;
