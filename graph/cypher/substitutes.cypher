// Substitutes: what customers compare a product with and do not buy with it.
// Looked at by the same customers, and on neither page among what they bought with it.
// Parameters: $product_id, $k. Of a product with many neighbours the 500 of the highest weight are looked at.
// Score: weight of the pair / square root of the other's number of neighbours, so that bestsellers do not fill every list.
// :params {product_id: 'EX00000001', k: 10}
MATCH (p:Product {product_id: $product_id})-[link:ALSO_BOUGHT]-(r:Product)
WHERE link.also_viewed IS NOT NULL AND link.bought_together IS NULL AND link.also_bought IS NULL
  AND coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
WITH r, link.weight AS weight ORDER BY weight DESC, r.product_id LIMIT 500
WITH r, weight, weight / sqrt(COUNT { (r)-[:ALSO_BOUGHT]-() }) AS score ORDER BY score DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       score, 'also_viewed:' AS reason, 'graph' AS source, null AS run_id
ORDER BY score DESC, product_id;
