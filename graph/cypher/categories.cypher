// Category paths in the order of their names. Parameters: $k.
// :params {k: 100}
MATCH (c:Category) WHERE c.path > ''
RETURN c.path AS path ORDER BY path LIMIT $k;
