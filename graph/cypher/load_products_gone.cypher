// Take away products that vanished, with what hangs on them. Parameters: $ids.
UNWIND $ids AS id
MATCH (p:Product {product_id: id})
DETACH DELETE p;
