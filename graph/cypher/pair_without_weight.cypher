// The first pair that has no weight, named by its product: what an error of the export says.
MATCH (a:Product)-[r:ALSO_BOUGHT]->()
WHERE r.weight IS NULL
RETURN a.product_id AS product_id
ORDER BY product_id LIMIT 1;
