// Every product with its facts; `node` is the internal id that export_pairs speaks of, valid in one transaction only.
MATCH (p:Product)
RETURN id(p) AS node, p.product_id AS product_id, p.title AS title, p.brand AS brand, p.price AS price,
       p.categories AS categories, p.sales_rank AS sales_rank, coalesce(p.listed, true) AS listed;
