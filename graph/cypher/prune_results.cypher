// Take a run's results off the products. Parameters: $properties (the run's own property names).
// Runs in transactions of its own: prefix with :auto in Neo4j Browser.
MATCH (p:Product)
WHERE any(property IN $properties WHERE p[property] IS NOT NULL)
CALL (p) {
  FOREACH (property IN $properties | SET p[property] = null)
} IN TRANSACTIONS OF 5000 ROWS;
