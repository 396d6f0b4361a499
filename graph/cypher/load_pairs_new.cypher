// Create pairs that the database does not hold yet.
// Parameters: $rows, a list of [id of a, [[id of b, weight, also_bought, also_viewed, bought_together], …]].
UNWIND $rows AS row
MATCH (a:Product {product_id: row[0]})
UNWIND row[1] AS pair
MATCH (b:Product {product_id: pair[0]})
CREATE (a)-[:ALSO_BOUGHT {weight: pair[1], also_bought: pair[2], also_viewed: pair[3], bought_together: pair[4]}]->(b);
