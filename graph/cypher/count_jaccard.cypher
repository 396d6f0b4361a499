// Counting, as a share: how many of two products' neighbours are neighbours of both.
// Parameters: $product_id, $k.
// Definition: score = |N(p) ∩ N(r)| / |N(p) ∪ N(r)|, N being a product's neighbours in the graph, listed or not.
// Exact, hence unbounded: it follows every neighbour of every neighbour. For looking into a graph, not for a page.
// :params {product_id: 'EX00000001', k: 10}
MATCH (p:Product {product_id: $product_id})-[:ALSO_BOUGHT]-(c:Product)-[:ALSO_BOUGHT]-(r:Product)
WITH p, r, count(*) AS shared
WHERE coalesce(r.listed, true)
WITH r, shared, toFloat(shared) / (COUNT { (p)-[:ALSO_BOUGHT]-() } + COUNT { (r)-[:ALSO_BOUGHT]-() } - shared) AS score
ORDER BY score DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       score, shared
ORDER BY score DESC, product_id;
