// Every product with its facts, some hundreds a row; the first of each is the internal id that export_pairs speaks of,
// valid in one transaction only. Then product_id, title, brand, price, categories, sales_rank, listed.
MATCH (p:Product)
WITH id(p) / 256 AS part, collect(p) AS products
RETURN [p IN products | [id(p), p.product_id, p.title, p.brand, p.price, p.categories, p.sales_rank,
                         coalesce(p.listed, true)]] AS products;
