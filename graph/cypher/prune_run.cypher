// Take a run's node away, unless a pointer names it. Parameters: $run_id.
MATCH (run:EmbeddingRun {run_id: $run_id})
WHERE NOT (:ActiveRun)-[:IS]->(run)
DETACH DELETE run
RETURN $run_id AS run_id;
