// Write down which of two runs' lists somebody would rather show for a product; 'tie' as winner: neither is better.
// Parameters: $product_id, $run_a, $run_b, $winner (a run id or 'tie'), $who. No row: a run or the product is gone.
// One vote a person, product and pair of runs: a later one takes the place of the earlier.
MATCH (p:Product {product_id: $product_id})
MATCH (a:EmbeddingRun {run_id: $run_a})
MATCH (b:EmbeddingRun {run_id: $run_b})
OPTIONAL MATCH (a)<-[:ON]-(earlier:Vote {product_id: $product_id, voted_by: $who})-[:ON]->(b)
DETACH DELETE earlier
WITH DISTINCT a, b
CREATE (vote:Vote {product_id: $product_id, winner: $winner, voted_by: $who, voted_at: datetime()})
CREATE (vote)-[:ON]->(a)
CREATE (vote)-[:ON]->(b)
RETURN vote.winner AS winner;
