// How much two runs' lists share: entries of the first $k that both have, for each of some products.
// Parameters: $ids, $run_a, $run_b, $k. Products without a list in either run give no row.
// :params {ids: ['EX00000001'], run_a: 'node2vec_20260101T000000_0000', run_b: 'pagerank_20260101T000000_0000', k: 10}
MATCH (a:EmbeddingRun {run_id: $run_a})
MATCH (b:EmbeddingRun {run_id: $run_b})
UNWIND $ids AS id
MATCH (p:Product {product_id: id})
WITH p, p[a.related][..$k] AS one, p[b.related][..$k] AS other
WHERE one IS NOT NULL AND other IS NOT NULL
RETURN p.product_id AS product_id, size([id IN one WHERE id IN other]) AS shared, size(one) AS first, size(other) AS second;
