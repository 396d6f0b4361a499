// A run failed its checks; it is kept for looking at. Parameters: $run_id, $why.
MATCH (run:EmbeddingRun {run_id: $run_id})
SET run.status = 'rejected', run.rejected_because = $why, run.rejected_at = datetime();
