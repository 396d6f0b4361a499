// Products whose id starts like this, in the order of their ids. Parameters: $start, $k.
// :params {start: 'EX000', k: 10}
MATCH (p:Product)
WHERE p.product_id STARTS WITH $start
WITH p ORDER BY p.product_id LIMIT $k
RETURN p.product_id AS product_id, p.title AS title, p.brand AS brand, coalesce(p.listed, true) AS listed
ORDER BY product_id;
