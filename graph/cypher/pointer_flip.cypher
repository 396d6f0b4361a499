// Let a pointer name another run, in one transaction; what it named before is remembered for a rollback.
// Parameters: $pointer, $run_id, $who. No row: there is no such run, or it is not ready.
MATCH (run:EmbeddingRun {run_id: $run_id, status: 'ready'})
MERGE (pointer:ActiveRun {name: $pointer})
SET pointer.changed_at = datetime(), pointer.changed_by = $who
WITH run, pointer
OPTIONAL MATCH (pointer)-[is:IS]->(before:EmbeddingRun)
FOREACH (_ IN CASE WHEN before IS NULL OR before = run THEN [] ELSE [1] END |
  CREATE (pointer)-[:WAS {until: datetime()}]->(before))
DELETE is
CREATE (pointer)-[:IS]->(run)
SET run.published_at = datetime(), run.published_by = $who
RETURN run.run_id AS run_id, before.run_id AS before;
