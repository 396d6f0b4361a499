// Take products away that were loaded from files. Runs in transactions of its own: prefix with :auto in Neo4j Browser.
MATCH (p:Product)
CALL (p) { DETACH DELETE p } IN TRANSACTIONS OF 5000 ROWS;
