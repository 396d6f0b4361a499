// Take away brands and categories that nothing hangs on any longer; run it until it says 0, for a category goes before
// the one above it.
CALL () {
  MATCH (b:Brand) WHERE b.name IS NOT NULL AND NOT (b)--()
  DELETE b
  RETURN count(*) AS brands
}
CALL () {
  MATCH (c:Category) WHERE c.path IS NOT NULL AND NOT (c)<--()
  DETACH DELETE c
  RETURN count(*) AS categories
}
RETURN brands + categories AS gone;
