// Ids of the products that have a list of a run. Parameters: $related (the run's property name).
MATCH (p:Product)
WHERE p[$related] IS NOT NULL
RETURN p.product_id AS product_id
ORDER BY product_id;
