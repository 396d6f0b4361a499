// Write down a run before its results. Parameters: $run_id, $facts (every property of the run).
// No row comes back if the run is there already and complete: what is ready is never written over.
MERGE (run:EmbeddingRun {run_id: $run_id})
ON CREATE SET run.status = 'writing'
WITH run WHERE run.status <> 'ready'
SET run += $facts, run.status = 'writing', run.created_at = datetime($facts.created_at)
RETURN run.run_id AS run_id;
