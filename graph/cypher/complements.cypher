// Complements: what customers buy with a product without comparing the two.
// Bought with it (on one order, or by the same customers), and on neither page among what customers also looked at.
// Parameters: $product_id, $k. Of a product with many neighbours the 500 of the highest weight are looked at.
// Score: weight of the pair / square root of the other's number of neighbours, so that bestsellers do not fill every list.
// :params {product_id: 'EX00000001', k: 10}
MATCH (p:Product {product_id: $product_id})-[link:ALSO_BOUGHT]-(r:Product)
WHERE (link.bought_together IS NOT NULL OR link.also_bought IS NOT NULL) AND link.also_viewed IS NULL
  AND coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
WITH r, link.weight AS weight, link.bought_together IS NOT NULL AS bought_together ORDER BY weight DESC, r.product_id LIMIT 500
WITH r, weight, bought_together, weight / sqrt(COUNT { (r)-[:ALSO_BOUGHT]-() }) AS score ORDER BY score DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       score, CASE WHEN bought_together THEN 'bought_together:' ELSE 'also_bought:' END AS reason, 'graph' AS source, null AS run_id
ORDER BY score DESC, product_id;
