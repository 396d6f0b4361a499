// Create the brands and categories that products will hang on. Parameters: $brands, $categories ([path, parent or null]).
CALL () { UNWIND $brands AS name MERGE (:Brand {name: name}) RETURN count(*) AS brands }
CALL () {
  UNWIND $categories AS row
  MERGE (c:Category {path: row[0]})
  WITH c, row WHERE row[1] IS NOT NULL
  MERGE (parent:Category {path: row[1]})
  MERGE (c)-[:PART_OF]->(parent)
  RETURN count(*) AS parents
}
RETURN brands, parents;
