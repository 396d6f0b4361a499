// Take a run's [:RELATED] away. Parameters: $run_id. Runs in transactions of its own: prefix with :auto in Neo4j Browser.
MATCH ()-[r:RELATED {run_id: $run_id}]->()
CALL (r) { DELETE r } IN TRANSACTIONS OF 20000 ROWS;
