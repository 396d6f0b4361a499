// Counting, against chance: how much more often two products share a neighbour than if links fell at random.
// Parameters: $product_id, $k.
// Definition: score = ln(|N(p) ∩ N(r)| * n / (|N(p)| * |N(r)|)), n being the number of all products (pointwise mutual
// information, Church and Hanks 1990). High for two products with one rare neighbour in common: read it with `shared`.
// Exact, hence unbounded: it follows every neighbour of every neighbour. For looking into a graph, not for a page.
// :params {product_id: 'EX00000001', k: 10}
MATCH (p:Product {product_id: $product_id})-[:ALSO_BOUGHT]-(c:Product)-[:ALSO_BOUGHT]-(r:Product)
WITH p, r, count(*) AS shared
WHERE coalesce(r.listed, true)
WITH r, shared, log(toFloat(shared) * COUNT { MATCH (:Product) } / (COUNT { (p)-[:ALSO_BOUGHT]-() } * COUNT { (r)-[:ALSO_BOUGHT]-() })) AS score
ORDER BY score DESC, r.product_id LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       score, shared
ORDER BY score DESC, product_id;
