// Note on a run that its lists stand as [:RELATED] too. Parameters: $run_id.
MATCH (run:EmbeddingRun {run_id: $run_id})
SET run.relationships = true;
