// The end of the chain: the shop's most linked products, read from the list that popular_refresh wrote.
// Parameters: $product_id, $k.
// Filters, null or [] where there is none: $exclude (ids the customer has already), $min_price, $max_price (a product
// whose price is not known passes neither), $brands (only these), $not_brands, $in_category and $not_in_category (a
// category's path; what hangs below it counts), $same_category (true: only products that share a category with this
// one, false: only others).
// :params {product_id: 'EX00000001', k: 10, exclude: [], min_price: null, max_price: 40.0,
//          brands: [], not_brands: [], in_category: null, not_in_category: null, same_category: null}
MATCH (store:AlsoBoughtStore {name: 'store'})
MATCH (p:Product {product_id: $product_id})
UNWIND range(0, size(coalesce(store.popular, [])) - 1) AS i
MATCH (r:Product {product_id: store.popular[i]})
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
WITH store, r, i ORDER BY i LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       toFloat(store.popular_neighbours[i]) AS score, 'popular:' AS reason, 'popular' AS source, null AS run_id
ORDER BY i;
