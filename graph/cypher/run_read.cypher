// One run with the pointers that name it. Parameters: $run_id.
MATCH (run:EmbeddingRun {run_id: $run_id})
RETURN run {.*, created_at: toString(run.created_at), published_at: toString(run.published_at)} AS run,
       [(pointer:ActiveRun)-[:IS]->(run) | pointer.name] AS pointers;
