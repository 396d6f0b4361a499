// The lists of some products as relationships. Parameters: $ids (products), $run_id, $related, $score, $reason
// (the run's property names).
UNWIND $ids AS id
MATCH (p:Product {product_id: id})
UNWIND range(0, size(p[$related]) - 1) AS place
MATCH (other:Product {product_id: p[$related][place]})
CREATE (p)-[:RELATED {run_id: $run_id, rank: place + 1, score: p[$score][place], reason: p[$reason][place]}]->(other);
