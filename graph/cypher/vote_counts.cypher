// How often each of two runs was preferred, for every pair that somebody voted on.
MATCH (a:EmbeddingRun)<-[:ON]-(vote:Vote)-[:ON]->(b:EmbeddingRun)
WHERE a.run_id < b.run_id
RETURN a.run_id AS run_a, b.run_id AS run_b, a.model AS model_a, b.model AS model_b, count(vote) AS votes,
       count(CASE vote.winner WHEN a.run_id THEN 1 END) AS wins_a, count(CASE vote.winner WHEN b.run_id THEN 1 END) AS wins_b,
       count(DISTINCT vote.voted_by) AS people
ORDER BY votes DESC, run_a, run_b;
