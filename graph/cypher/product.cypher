// One product's facts, how many neighbours it has, and whether the serving run has a list for it.
// Parameters: $product_id, $pointer.
MATCH (p:Product {product_id: $product_id})
OPTIONAL MATCH (:ActiveRun {name: $pointer})-[:IS]->(run:EmbeddingRun)
RETURN p.product_id AS product_id, p.title AS title, p.brand AS brand, p.price AS price, p.categories AS categories,
       p.listed AS listed, COUNT { (p)-[:ALSO_BOUGHT]-() } AS neighbours, run.run_id AS run_id,
       run.model AS model, p[run.related] IS NOT NULL AS has_list;
