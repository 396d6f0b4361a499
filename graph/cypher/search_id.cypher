// Products whose id starts like this. Parameters: $start, $k.
MATCH (p:Product)
WHERE p.product_id STARTS WITH $start
RETURN p.product_id AS product_id, p.title AS title, p.brand AS brand, p.listed AS listed
ORDER BY product_id LIMIT $k;
