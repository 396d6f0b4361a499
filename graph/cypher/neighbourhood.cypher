// What lies around a product: its heaviest neighbours, and the heaviest neighbours of those.
// Parameters: $product_id, $near (how many neighbours), $far (how many further ones of each; 0 for one hop).
// :params {product_id: 'EX00000001', near: 8, far: 3}
MATCH (p:Product {product_id: $product_id})
CALL (p) {
  MATCH (p)-[link:ALSO_BOUGHT]-(c:Product)
  RETURN c, link.weight AS weight ORDER BY weight DESC, c.product_id LIMIT $near
}
CALL (p, c) {
  WITH p, c WHERE $far > 0
  MATCH (c)-[link:ALSO_BOUGHT]-(r:Product) WHERE r <> p
  WITH r, link.weight AS weight ORDER BY weight DESC, r.product_id LIMIT $far
  RETURN collect(r.product_id) AS further
}
RETURN c.product_id AS product_id, further
ORDER BY weight DESC, product_id;
