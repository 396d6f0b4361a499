// Which of some products are listed. Parameters: $ids.
UNWIND $ids AS id
MATCH (p:Product {product_id: id})
WHERE coalesce(p.listed, true)
RETURN p.product_id AS product_id;
