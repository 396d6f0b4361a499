// What goes with a whole basket: the serving run's lists of all its products, put together.
// Parameters: $product_ids (what is in the basket), $k, $pointer.
// A product gets 1 / (20 + rank) from each list that holds it, so that what several lists hold comes first (reciprocal
// rank fusion, Cormack, Clarke, Büttcher, SIGIR 2009; 20 because lists are that long). The reason names those that do.
// :params {product_ids: ['EX00000001', 'EX00000002'], k: 10, pointer: 'default'}
MATCH (:ActiveRun {name: $pointer})-[:IS]->(run:EmbeddingRun)
UNWIND $product_ids AS id
WITH DISTINCT run, id
MATCH (p:Product {product_id: id})
WITH run, p, coalesce(p[run.related], []) AS ids
UNWIND range(0, size(ids) - 1) AS i
WITH run, p, ids[i] AS id, i
WHERE NOT id IN $product_ids
WITH run, p, id, i ORDER BY i, p.product_id
WITH run, id, sum(1.0 / (21 + i)) AS score, collect(p.product_id)[..3] AS through
MATCH (r:Product {product_id: id})
WHERE coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
WITH run, r, score, through ORDER BY score DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       score, 'through:' + reduce(text = '', id IN through | text + CASE text WHEN '' THEN '' ELSE ',' END + id) AS reason,
       'list' AS source, run.run_id AS run_id
ORDER BY score DESC, product_id;
