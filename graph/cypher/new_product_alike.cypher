// The products described most like new ones that nobody bought yet, out of those that have a list.
// Parameters: $rows, a list of {id, words (of the title, in Lucene's syntax, '' for none), brand (or null), categories},
// $related (the run's property name), $k. The likeness is that of alike.cypher.
// Look-alikes come as [product id, likeness].
UNWIND $rows AS row
CALL (row) {
  CALL (row) {
    WITH row WHERE row.words <> ''
    CALL db.index.fulltext.queryNodes('alsobought_title', row.words, {limit: 100}) YIELD node AS r, score
    WITH collect({r: r, score: score}) AS hits, max(score) AS best
    UNWIND hits AS hit
    RETURN hit.r AS r, hit.score / best AS text
    UNION ALL
    MATCH (:Brand {name: row.brand})<-[:MADE_BY]-(r:Product)
    RETURN r, 0.0 AS text LIMIT 500
    UNION ALL
    UNWIND row.categories AS path
    MATCH (:Category {path: path})<-[:IN_CATEGORY]-(r:Product)
    RETURN r, 0.0 AS text LIMIT 1000
  }
  WITH row, r, max(text) AS text
  WHERE coalesce(r.listed, true) AND NOT coalesce(r.blocked, false) AND r.product_id <> row.id AND r[$related] IS NOT NULL
  WITH r, text + CASE WHEN r.brand = row.brand THEN 0.5 ELSE 0.0 END
              + CASE WHEN any(path IN row.categories WHERE path IN [] + r.categories) THEN 0.5 ELSE 0.0 END AS alike
  WITH r, alike ORDER BY alike DESC, r.product_id LIMIT $k
  RETURN collect([r.product_id, alike]) AS alike
}
RETURN row.id AS product_id, alike;
