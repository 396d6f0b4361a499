// Every weighted pair, a row for each few hundred products: a row costs the server and the driver as much as twenty
// pairs do, so few long rows arrive four times as fast as a row a product.
// `statements` packs who states what into one number: two bits each for also_bought, also_viewed and bought_together.
// $readers: how many read at a time, each a share of the products. $reader: which of them this one is, from 0 on.
MATCH (p:Product)
WHERE id(p) / 256 % $readers = $reader
WITH id(p) / 256 AS part, collect(p) AS products
CALL (products) {
  UNWIND products AS a
  MATCH (a)-[r:ALSO_BOUGHT]->(b)
  RETURN collect(id(a)) AS starts, collect(id(b)) AS ends, collect(r.weight) AS weights,
         collect(CASE r.also_bought WHEN 'out' THEN 1 WHEN 'in' THEN 2 WHEN 'both' THEN 3 ELSE 0 END
               + CASE r.also_viewed WHEN 'out' THEN 4 WHEN 'in' THEN 8 WHEN 'both' THEN 12 ELSE 0 END
               + CASE r.bought_together WHEN 'out' THEN 16 WHEN 'in' THEN 32 WHEN 'both' THEN 48 ELSE 0 END)
           AS statements
}
RETURN size(products) AS products, starts, ends, weights, statements;
