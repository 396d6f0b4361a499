// Category paths that hold these letters, the shortest first, for people who do not know a path by heart.
// Parameters: $text, $k. Looks at every category; there are thousands at most.
MATCH (c:Category)
WHERE toLower(c.path) CONTAINS toLower($text)
RETURN c.path AS path, c.path = $text AS exact
ORDER BY exact DESC, size(path), path LIMIT $k;
