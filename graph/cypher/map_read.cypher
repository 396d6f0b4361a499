// A run's map: place and facts of the $most best linked products. Parameters: $run_id, $most.
// Reads every product that has a place: ask once and keep the answer.
MATCH (run:EmbeddingRun {run_id: $run_id})
MATCH (p:Product) WHERE size(p[run.map]) = 2
WITH p, p[run.map] AS place, COUNT { (p)-[:ALSO_BOUGHT]-() } AS neighbours
ORDER BY neighbours DESC, p.product_id LIMIT $most
RETURN p.product_id AS product_id, p.title AS title, p.categories AS categories, place[0] AS x, place[1] AS y;
