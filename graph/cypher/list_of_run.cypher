// What any one run lists for a product, whether it serves or not, best first. Nothing is left out: `in_stock` and
// `blocked` say what a shop would not show, `known` what the graph links to the product directly.
// Parameters: $product_id, $run_id, $k.
// :params {product_id: 'EX00000001', run_id: 'node2vec_20260101T000000_0000', k: 10}
MATCH (run:EmbeddingRun {run_id: $run_id})
MATCH (p:Product {product_id: $product_id})
WITH run, p, coalesce(p[run.related], []) AS ids, p[run.related_score] AS scores, p[run.related_reason] AS reasons
UNWIND range(0, size(ids) - 1) AS i
WITH run, p, i, ids[i] AS id, scores[i] AS score, reasons[i] AS reason WHERE i < $k
MATCH (r:Product {product_id: id})
RETURN i + 1 AS rank, r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price,
       r.categories AS categories, score, reason, coalesce(r.in_stock, true) AS in_stock,
       coalesce(r.blocked, false) AS blocked, EXISTS { (p)-[:ALSO_BOUGHT]-(r) } AS known
ORDER BY rank;
