// Write new weights and statements on pairs that the database holds. Parameters: $rows as in load_pairs_new.
UNWIND $rows AS row
MATCH (a:Product {product_id: row[0]})
UNWIND row[1] AS pair
MATCH (a)-[r:ALSO_BOUGHT]->(:Product {product_id: pair[0]})
SET r.weight = pair[1], r.also_bought = pair[2], r.also_viewed = pair[3], r.bought_together = pair[4];
