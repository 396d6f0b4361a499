// A run's results are complete and checked. Parameters: $run_id, $facts (what the checks measured).
MATCH (run:EmbeddingRun {run_id: $run_id})
SET run.status = 'ready', run += $facts
RETURN run.run_id AS run_id;
