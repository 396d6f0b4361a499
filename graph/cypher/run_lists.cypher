// Write related lists, best first. Parameters: $related, $score, $reason (property names),
// $rows, a list of [product id, [related id, …], [score, …], [reason, …]].
UNWIND $rows AS row
MATCH (p:Product {product_id: row[0]})
SET p[$related] = row[1], p[$score] = row[2], p[$reason] = row[3];
