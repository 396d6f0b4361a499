// Titles of products. Parameters: $ids.
UNWIND $ids AS id
MATCH (p:Product {product_id: id})
RETURN p.product_id AS product_id, p.title AS title;
