// Do some products' lists hold unlisted, unknown or repeated products? Parameters: $ids (products to look at), $related.
UNWIND $ids AS id
MATCH (p:Product {product_id: id})
UNWIND p[$related] AS related_id
OPTIONAL MATCH (r:Product {product_id: related_id})
WITH p, count(CASE WHEN r IS NULL OR NOT coalesce(r.listed, true) THEN 1 END) AS foreign, count(*) AS entries,
     count(DISTINCT related_id) AS different
RETURN sum(foreign) AS unlisted_in_list, sum(entries - different) AS repeated;
