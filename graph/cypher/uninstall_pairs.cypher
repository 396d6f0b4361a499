// Take our relationships between products away. Runs in transactions of its own: prefix with :auto in Neo4j Browser.
MATCH (p:Product)-[r:ALSO_BOUGHT]->()
CALL (r) { DELETE r } IN TRANSACTIONS OF 20000 ROWS;
