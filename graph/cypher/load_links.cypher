// Hang products on their brand and categories, in place of what they hung on before.
// Parameters: $rows, a list of {id, brand or null, categories: [path, …]}.
UNWIND $rows AS row
MATCH (p:Product {product_id: row.id})
CALL (p) {
  OPTIONAL MATCH (p)-[old:MADE_BY|IN_CATEGORY]->(target)
  WHERE target:Brand OR target:Category  // never what a shop itself may have linked under these names
  DELETE old
}
CALL (p, row) {
  WITH p, row WHERE row.brand IS NOT NULL
  MATCH (b:Brand {name: row.brand})
  CREATE (p)-[:MADE_BY]->(b)
}
CALL (p, row) {
  UNWIND row.categories AS path
  MATCH (c:Category {path: path})
  CREATE (p)-[:IN_CATEGORY]->(c)
};
