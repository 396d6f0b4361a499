// One query for a page that must never be empty: pinned, then the run's list, then the vector index, then the product's
// categories, then the most popular; each step is only taken when those before did not give k, and `source` names it.
// Parameters: $product_id, $k, $candidates (asked of the vector index), $pointer.
// :params {product_id: 'EX00000001', k: 10, candidates: 100, pointer: 'default'}
MATCH (p:Product {product_id: $product_id})
OPTIONAL MATCH (:ActiveRun {name: $pointer})-[:IS]->(run:EmbeddingRun)
CALL (p, run) {
  WITH coalesce(p[run.related], []) AS ids, p[run.related_score] AS scores, p[run.related_reason] AS reasons,
       COLLECT {
         MATCH (p)-[pin:PINNED]->(r:Product)
         WITH r.product_id AS id, min(pin.rank) AS rank
         RETURN id ORDER BY rank, id
       } AS pinned
  WITH [id IN pinned | {id: id, reason: 'pinned:', source: 'pinned'}]
     + [i IN range(0, size(ids) - 1) WHERE NOT ids[i] IN pinned
        | {id: ids[i], score: scores[i], reason: reasons[i], source: 'list'}] AS entries
  UNWIND range(0, size(entries) - 1) AS i
  WITH i, entries[i] AS entry
  MATCH (r:Product {product_id: entry.id})
  WHERE coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
  WITH r, entry ORDER BY i LIMIT $k
  RETURN collect({r: r, score: entry.score, reason: entry.reason, source: entry.source}) AS found
}
CALL (p, run, found) {
  WITH p, run, found, coalesce(p[run.query_embedding], p[run.embedding]) AS query
  WHERE size(found) < $k AND any(x IN query WHERE x <> 0)  // nothing learned, nothing to ask with
  CALL db.index.vector.queryNodes(run.vector_index, $candidates, query) YIELD node AS r, score
  WHERE r <> p AND NOT r IN [entry IN found | entry.r]
    AND coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
  WITH r, score ORDER BY score DESC, r.product_id LIMIT $k
  RETURN collect({r: r, score: score, reason: 'vector:', source: 'vector'}) AS more
}
WITH p, run, found + more AS found
CALL (p, found) {
  WITH p, found WHERE size(found) < $k
  MATCH (p)-[:IN_CATEGORY]->(c:Category)
  WITH p, found, c ORDER BY size(split(c.path, ' > ')) DESC, c.path LIMIT 3
  CALL (c) { MATCH (c)<-[:IN_CATEGORY]-(r:Product) RETURN r LIMIT 2000 }
  WITH p, found, r, max(c.path) AS path
  WHERE r <> p AND NOT r IN [entry IN found | entry.r]
    AND coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
  WITH r, path, COUNT { (r)-[:ALSO_BOUGHT]-() } AS neighbours ORDER BY neighbours DESC, r.product_id LIMIT $k
  RETURN collect({r: r, score: toFloat(neighbours), reason: 'category:' + path, source: 'category'}) AS more
}
WITH p, run, found + more AS found
CALL (p, found) {
  WITH p, found WHERE size(found) < $k
  MATCH (store:AlsoBoughtStore {name: 'store'})
  UNWIND range(0, size(coalesce(store.popular, [])) - 1) AS i
  MATCH (r:Product {product_id: store.popular[i]})
  WHERE r <> p AND NOT r IN [entry IN found | entry.r]
    AND coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
  WITH r, toFloat(store.popular_neighbours[i]) AS score ORDER BY i LIMIT $k
  RETURN collect({r: r, score: score, reason: 'popular:', source: 'popular'}) AS more
}
WITH run, (found + more)[..$k] AS found
UNWIND range(0, size(found) - 1) AS i
WITH run, i, found[i] AS entry, found[i].r AS r
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       entry.score AS score, entry.reason AS reason, entry.source AS source, run.run_id AS run_id
ORDER BY i;
