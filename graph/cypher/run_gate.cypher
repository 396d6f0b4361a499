// What the quality gate said of a run. Parameters: $run_id, $gate.
MATCH (run:EmbeddingRun {run_id: $run_id})
SET run.gate = $gate;
