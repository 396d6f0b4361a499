// Customers also bought: what the serving run lists for one product, best first; what the shop pinned to it stands in front.
// Parameters: $product_id, $k (how many), $pointer ('default' is the run that serves).
// Products that are blocked, or that the shop says are out of stock, never appear; the next best move up.
// Pin a product with (:Product)-[:PINNED {rank: 1}]->(:Product); `source` says 'pinned' or 'list'.
// :params {product_id: 'EX00000001', k: 10, pointer: 'default'}
MATCH (p:Product {product_id: $product_id})
OPTIONAL MATCH (:ActiveRun {name: $pointer})-[:IS]->(run:EmbeddingRun)
WITH run.run_id AS run_id, coalesce(p[run.related], []) AS ids, p[run.related_score] AS scores, p[run.related_reason] AS reasons,
     COLLECT {
       MATCH (p)-[pin:PINNED]->(r:Product)
       WITH r.product_id AS id, min(pin.rank) AS rank
       RETURN id ORDER BY rank, id
     } AS pinned
WITH run_id, [id IN pinned | {id: id, reason: 'pinned:', source: 'pinned'}]
           + [i IN range(0, size(ids) - 1) WHERE NOT ids[i] IN pinned
              | {id: ids[i], score: scores[i], reason: reasons[i], source: 'list'}] AS entries
UNWIND range(0, size(entries) - 1) AS i
WITH run_id, i, entries[i] AS entry
MATCH (r:Product {product_id: entry.id})
WHERE coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
WITH run_id, r, entry, i ORDER BY i LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       entry.score AS score, entry.reason AS reason, entry.source AS source, run_id
ORDER BY i;
