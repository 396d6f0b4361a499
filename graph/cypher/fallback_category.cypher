// What to show for a product that no run has a list for: the most linked products of its deepest categories.
// Parameters: $product_id, $k.
MATCH (p:Product {product_id: $product_id})-[:IN_CATEGORY]->(c:Category)
WITH p, c ORDER BY size(c.path) DESC LIMIT 3
MATCH (c)<-[:IN_CATEGORY]-(r:Product)
WHERE r <> p AND r.listed AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
WITH r, max(c.path) AS path
WITH r, path, COUNT { (r)-[:ALSO_BOUGHT]-() } AS neighbours
ORDER BY neighbours DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       toFloat(neighbours) AS score, 'category:' + path AS reason, null AS run_id;
