// What goes with a new product that nobody bought yet: what goes with the ten products described most like it.
// Parameters: $words (of the title, in Lucene's syntax, '' for none), $brand (or null), $categories (paths), $exclude
// (ids to leave out, the product's own among them), $k, $pointer.
// Each look-alike (see alike.cypher) adds its likeness / (20 + rank) to what its list holds; the reason names them.
// :params {words: 'pour over kettle', brand: null, categories: [], exclude: [], k: 10, pointer: 'default'}
MATCH (:ActiveRun {name: $pointer})-[:IS]->(run:EmbeddingRun)
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
WITH run, r, max(text) AS text
WHERE coalesce(r.listed, true) AND NOT coalesce(r.blocked, false) AND NOT r.product_id IN $exclude
WITH run, r, text, coalesce(r.brand = $brand, false) AS brand, head([path IN $categories WHERE path IN [] + r.categories]) AS category
WITH run, r, text, brand, category,
     text + CASE WHEN brand THEN 0.5 ELSE 0.0 END + CASE WHEN category IS NULL THEN 0.0 ELSE 0.5 END AS alike
WHERE r[run.related] IS NOT NULL
WITH run, r, alike ORDER BY alike DESC, r.product_id LIMIT 10
WITH run, r.product_id AS like_id, r[run.related] AS ids, alike
UNWIND range(0, size(ids) - 1) AS i
WITH run, like_id, ids[i] AS id, alike / (21 + i) AS points
WHERE NOT id IN $exclude
WITH run, like_id, id, points ORDER BY points DESC, like_id
WITH run, id, sum(points) AS score, collect(like_id)[..2] AS through
MATCH (r:Product {product_id: id})
WHERE coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
WITH run, r, score, through ORDER BY score DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       score, 'through:' + reduce(text = '', id IN through | text + CASE text WHEN '' THEN '' ELSE ',' END + id) AS reason,
       'new' AS source, run.run_id AS run_id
ORDER BY score DESC, product_id;
