// The neighbours of a product in the raw graph, heaviest link first: no model, what the data itself says.
// Parameters: $product_id, $k.
// The neighbours carry no label here: with one, the planner of a small shop prefers to scan all products by their id.
// `said` names the statements behind a link; 'both' where each of the two products' pages says so.
// :params {product_id: 'EX00000001', k: 10}
MATCH (p:Product {product_id: $product_id})-[link:ALSO_BOUGHT]-(r)
WITH r, link ORDER BY link.weight DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       coalesce(r.listed, true) AS listed, link.weight AS weight, link.bought_together AS bought_together,
       link.also_bought AS also_bought, link.also_viewed AS also_viewed
ORDER BY weight DESC, product_id;
