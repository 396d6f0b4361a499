// Let a pointer name the run it named before. Parameters: $pointer, $who. No row: there is nothing to go back to.
MATCH (pointer:ActiveRun {name: $pointer})-[is:IS]->(from:EmbeddingRun)
MATCH (pointer)-[was:WAS]->(to:EmbeddingRun {status: 'ready'})
WITH pointer, is, from, was, to ORDER BY was.until DESC LIMIT 1
DELETE is, was
CREATE (pointer)-[:IS]->(to)
SET pointer.changed_at = datetime(), pointer.changed_by = $who
RETURN from.run_id AS before, to.run_id AS run_id;
