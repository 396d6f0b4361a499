// Take away pairs that vanished. Parameters: $rows, a list of [id of a, [[id of b], …]].
UNWIND $rows AS row
MATCH (a:Product {product_id: row[0]})
UNWIND row[1] AS pair
MATCH (a)-[r:ALSO_BOUGHT]->(:Product {product_id: pair[0]})
DELETE r;
