// Every weighted pair, gathered by its first product: a row a product instead of a row a pair.
// `statements` packs who states what into one number: two bits each for also_bought, also_viewed and bought_together.
MATCH (a:Product)-[r:ALSO_BOUGHT]->(b)
RETURN id(a) AS a, collect(id(b)) AS b, collect(r.weight) AS weight,
       collect(CASE r.also_bought WHEN 'out' THEN 1 WHEN 'in' THEN 2 WHEN 'both' THEN 3 ELSE 0 END
             + CASE r.also_viewed WHEN 'out' THEN 4 WHEN 'in' THEN 8 WHEN 'both' THEN 12 ELSE 0 END
             + CASE r.bought_together WHEN 'out' THEN 16 WHEN 'in' THEN 32 WHEN 'both' THEN 48 ELSE 0 END) AS statements;
