// Customers also bought, under the shop's conditions: the serving run's list, what is pinned in front.
// Parameters: $product_id, $k, $pointer, $exclude_known (true: leave out what the graph links directly).
// Filters, null or [] where there is none: $exclude (ids the customer has already), $min_price, $max_price (a product
// whose price is not known passes neither), $brands (only these), $not_brands, $in_category and $not_in_category (a
// category's path; what hangs below it counts), $same_category (true: only products that share a category with this
// one, false: only others).
// A list is some 20 long, so few may be left; related_by_vector_filtered, fallback_category and popular fill up.
// :params {product_id: 'EX00000001', k: 10, pointer: 'default', exclude_known: false, exclude: [], min_price: null, max_price: 40.0,
//          brands: [], not_brands: [], in_category: null, not_in_category: null, same_category: null}
MATCH (p:Product {product_id: $product_id})
OPTIONAL MATCH (:ActiveRun {name: $pointer})-[:IS]->(run:EmbeddingRun)
WITH p, run.run_id AS run_id, coalesce(p[run.related], []) AS ids, p[run.related_score] AS scores,
     p[run.related_reason] AS reasons,
     COLLECT {
       MATCH (p)-[pin:PINNED]->(r:Product)
       WITH r.product_id AS id, min(pin.rank) AS rank
       RETURN id ORDER BY rank, id
     } AS pinned
WITH p, run_id, [id IN pinned | {id: id, reason: 'pinned:', source: 'pinned'}]
              + [i IN range(0, size(ids) - 1) WHERE NOT ids[i] IN pinned
                 | {id: ids[i], score: scores[i], reason: reasons[i], source: 'list'}] AS entries
UNWIND range(0, size(entries) - 1) AS i
WITH p, run_id, i, entries[i] AS entry
MATCH (r:Product {product_id: entry.id})
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
  AND (NOT $exclude_known OR entry.source = 'pinned' OR NOT EXISTS { (p)-[:ALSO_BOUGHT]-(r) })
WITH run_id, r, entry, i ORDER BY i LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       entry.score AS score, entry.reason AS reason, entry.source AS source, run_id
ORDER BY i;
