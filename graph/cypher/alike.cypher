// Products described like this one, known by nothing but its facts: title, brand, categories.
// Parameters: $words (of the title, in Lucene's syntax, '' for none), $brand (or null), $categories (paths), $exclude, $k.
// Score: how well the title fits (1 the best of all), 0.5 for the same brand, 0.5 for a category in common; looked at
// are 100 products by title, 500 of the brand, 1,000 of the categories.
// :params {words: 'pour over kettle', brand: null, categories: [], exclude: [], k: 10}
CALL () {
  WITH $words AS words WHERE words <> ''
  CALL db.index.fulltext.queryNodes('alsobought_title', words, {limit: 100}) YIELD node AS r, score
  WITH collect({r: r, score: score}) AS hits, max(score) AS best
  UNWIND hits AS hit
  RETURN hit.r AS r, hit.score / best AS text
  UNION ALL
  MATCH (:Brand {name: $brand})<-[:MADE_BY]-(r:Product)
  RETURN r, 0.0 AS text LIMIT 500
  UNION ALL
  UNWIND $categories AS path
  MATCH (:Category {path: path})<-[:IN_CATEGORY]-(r:Product)
  RETURN r, 0.0 AS text LIMIT 1000
}
WITH r, max(text) AS text
WHERE coalesce(r.listed, true) AND NOT coalesce(r.blocked, false) AND NOT r.product_id IN $exclude
WITH r, text, coalesce(r.brand = $brand, false) AS brand, head([path IN $categories WHERE path IN [] + r.categories]) AS category
WITH r, text, brand, category,
     text + CASE WHEN brand THEN 0.5 ELSE 0.0 END + CASE WHEN category IS NULL THEN 0.0 ELSE 0.5 END AS alike
WHERE coalesce(r.in_stock, true)
WITH r, text, brand, category, alike ORDER BY alike DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       alike AS score,
       CASE WHEN text >= 0.5 THEN 'text:' WHEN brand THEN 'brand:' + r.brand WHEN category IS NOT NULL
            THEN 'category:' + category ELSE 'text:' END AS reason, 'alike' AS source, null AS run_id
ORDER BY score DESC, product_id;
