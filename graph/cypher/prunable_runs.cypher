// Runs that nobody needs any longer. Parameters: $rejected_days.
// Kept: what a pointer names, the newest run before each pointer's, rejected ones for a while, what people voted on,
// and complete runs that never served. A run that is still 'writing' while nobody holds the lock was cut off.
MATCH (run:EmbeddingRun)
WHERE NOT (:ActiveRun)-[:IS]->(run) AND NOT (:Vote)-[:ON]->(run)
CALL (run) {
  MATCH (pointer:ActiveRun)-[was:WAS]->(run)
  WHERE NOT EXISTS { (pointer)-[later:WAS]->(:EmbeddingRun) WHERE later.until > was.until }
  RETURN count(*) AS newest_before
}
WITH run, newest_before WHERE newest_before = 0
WITH run WHERE run.status = 'writing'
  OR (run.status = 'rejected' AND run.rejected_at < datetime() - duration({days: $rejected_days}))
  OR (run.status = 'ready' AND EXISTS { (:ActiveRun)-[:WAS]->(run) })
RETURN run.run_id AS run_id;
