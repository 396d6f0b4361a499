// Every run, newest first, with the pointers that name it.
MATCH (run:EmbeddingRun)
RETURN run {.*, created_at: toString(run.created_at), published_at: toString(run.published_at)} AS run,
       [(pointer:ActiveRun)-[:IS]->(run) | pointer.name] AS pointers,
       [(pointer:ActiveRun)-[:WAS]->(run) | pointer.name] AS before
ORDER BY run.created_at DESC, run.run_id DESC;
