// What to show where no list reaches: the most linked products of a category, deepest category first.
// Parameters: $product_id, $k.
// Filters, null or [] where there is none: $exclude (ids the customer has already), $min_price, $max_price (a product
// whose price is not known passes neither), $brands (only these), $not_brands, $in_category and $not_in_category (a
// category's path; what hangs below it counts), $same_category (true: only products that share a category with this
// one, false: only others).
// Looked at are the categories the product hangs on, or $in_category with all below it; of each at most 2,000 products.
// :params {product_id: 'EX00000001', k: 10, exclude: [], min_price: null, max_price: 40.0,
//          brands: [], not_brands: [], in_category: null, not_in_category: null, same_category: null}
MATCH (p:Product {product_id: $product_id})
CALL (p) {
  WITH p WHERE $in_category IS NULL
  MATCH (p)-[:IN_CATEGORY]->(c:Category)
  WITH c ORDER BY size(split(c.path, ' > ')) DESC, c.path LIMIT 3
  CALL (c) { MATCH (c)<-[:IN_CATEGORY]-(r:Product) RETURN r LIMIT 2000 }
  RETURN r, max(c.path) AS path
  UNION
  WITH p WHERE $in_category IS NOT NULL
  MATCH (:Category {path: $in_category})<-[:PART_OF*0..12]-(c:Category)
  CALL (c) { MATCH (c)<-[:IN_CATEGORY]-(r:Product) RETURN r LIMIT 2000 }
  RETURN DISTINCT r, $in_category AS path
}
WITH p, r, path
WHERE r <> p AND coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
  AND NOT r.product_id IN $exclude
  AND ($min_price IS NULL OR r.price >= $min_price)
  AND ($max_price IS NULL OR r.price <= $max_price)
  AND (size($brands) = 0 OR r.brand IN $brands) AND NOT coalesce(r.brand IN $not_brands, false)
  AND ($in_category IS NULL
       OR any(path IN coalesce([] + r.categories, []) WHERE path = $in_category OR path STARTS WITH $in_category + ' > '))
  AND ($not_in_category IS NULL
       OR none(path IN coalesce([] + r.categories, []) WHERE path = $not_in_category OR path STARTS WITH $not_in_category + ' > '))
  AND ($same_category IS NULL
       OR $same_category = any(path IN coalesce([] + r.categories, [])
                               WHERE path IN coalesce([] + p.categories, [])))
WITH r, path, COUNT { (r)-[:ALSO_BOUGHT]-() } AS neighbours
ORDER BY neighbours DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       toFloat(neighbours) AS score, 'category:' + path AS reason, 'category' AS source, null AS run_id
ORDER BY score DESC, product_id;
