// Write vectors as lists of floats. Parameters: $property, $rows, a list of [product id, vector].
UNWIND $rows AS row
MATCH (p:Product {product_id: row[0]})
CALL db.create.setNodeVectorProperty(p, $property, row[1]);
