// Customers also bought, asked from the vector index, under the shop's conditions.
// Parameters: $product_id, $k, $pointer, $candidates (the narrower the conditions, the more), $exclude_known.
// Filters, null or [] where there is none: $exclude (ids the customer has already), $min_price, $max_price (a product
// whose price is not known passes neither), $brands (only these), $not_brands, $in_category and $not_in_category (a
// category's path; what hangs below it counts), $same_category (true: only products that share a category with this
// one, false: only others).
// :params {product_id: 'EX00000001', k: 10, pointer: 'default', candidates: 200, exclude_known: false,
//          exclude: [], min_price: null, max_price: 40.0,
//          brands: [], not_brands: [], in_category: null, not_in_category: null, same_category: null}
MATCH (:ActiveRun {name: $pointer})-[:IS]->(run:EmbeddingRun)
MATCH (p:Product {product_id: $product_id})
WITH run, p, coalesce(p[run.query_embedding], p[run.embedding]) AS query
WHERE any(x IN query WHERE x <> 0)  // a product without links has a vector of nothing, which the index refuses
CALL db.index.vector.queryNodes(run.vector_index, $candidates, query) YIELD node AS r, score
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
  AND (NOT $exclude_known OR NOT EXISTS { (p)-[:ALSO_BOUGHT]-(r) })
WITH run, p, r, score ORDER BY score DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       score, CASE WHEN EXISTS { (p)-[:ALSO_BOUGHT]-(r) } THEN 'also_bought:' ELSE 'vector:' END AS reason,
       'vector' AS source, run.run_id AS run_id
ORDER BY score DESC, product_id;
