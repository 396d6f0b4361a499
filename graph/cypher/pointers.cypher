// Every pointer: which run it names, since when and by whom, and what it named before, the latest first.
MATCH (pointer:ActiveRun)
OPTIONAL MATCH (pointer)-[:IS]->(run:EmbeddingRun)
RETURN pointer.name AS name, run.run_id AS run_id, toString(pointer.changed_at) AS changed_at,
       pointer.changed_by AS changed_by,
       COLLECT {
         MATCH (pointer)-[was:WAS]->(before:EmbeddingRun)
         RETURN {run_id: before.run_id, until: toString(was.until)} ORDER BY was.until DESC LIMIT 20
       } AS history
ORDER BY name;
