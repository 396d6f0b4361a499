// related_by_vector for Neo4j 2026.x, with Cypher 25's SEARCH clause instead of the procedure.
// Parameters: $product_id, $k, $candidates, $exclude_known, $pointer.
// The clause takes the index's name as it stands in the text: put the serving run's vector_index for INDEX_NAME
// (`alsobought runs --json` names it) and change it with every publish, or stay with the procedure, which reads it.
// :params {product_id: 'EX00000001', k: 10, candidates: 50, exclude_known: false, pointer: 'default'}
CYPHER 25
MATCH (:ActiveRun {name: $pointer})-[:IS]->(run:EmbeddingRun)
MATCH (p:Product {product_id: $product_id})
WITH run, p, coalesce(p[run.query_embedding], p[run.embedding]) AS query
WHERE any(x IN query WHERE x <> 0)  // a product without links has a vector of nothing, which the index refuses
MATCH (r:Product)
  SEARCH r IN (VECTOR INDEX INDEX_NAME FOR query LIMIT $candidates) SCORE AS score
WITH run, p, r, score
WHERE r <> p AND coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
  AND (NOT $exclude_known OR NOT EXISTS { (p)-[:ALSO_BOUGHT]-(r) })
WITH run, p, r, score ORDER BY score DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       score, CASE WHEN EXISTS { (p)-[:ALSO_BOUGHT]-(r) } THEN 'also_bought:' ELSE 'vector:' END AS reason,
       'vector' AS source, run.run_id AS run_id
ORDER BY score DESC, product_id;
