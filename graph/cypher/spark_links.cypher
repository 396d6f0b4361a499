// Hang products on the brand and the categories that they name, in place of what they hung on before.
// The Spark connector puts the first line in front itself.
// Parameters: $events, a list of {product_id}.
UNWIND $events AS event
WITH event AS row
MATCH (p:Product {product_id: row.product_id})
CALL (p) {
  OPTIONAL MATCH (p)-[old:MADE_BY|IN_CATEGORY]->(target)
  WHERE target:Brand OR target:Category  // never what a shop itself may have linked under these names
  DELETE old
}
CALL (p) {
  WITH p WHERE p.brand IS NOT NULL
  MATCH (b:Brand {name: p.brand})
  CREATE (p)-[:MADE_BY]->(b)
}
CALL (p) {
  UNWIND p.categories AS path
  MATCH (c:Category {path: path})
  CREATE (p)-[:IN_CATEGORY]->(c)
};
