// Facts of some products; ids that there are not give no row. Parameters: $ids.
// :params {ids: ['EX00000001', 'EX00000002']}
UNWIND range(0, size($ids) - 1) AS i
MATCH (p:Product {product_id: $ids[i]})
RETURN p.product_id AS product_id, p.title AS title, p.brand AS brand, p.price AS price, p.categories AS categories,
       coalesce(p.listed, true) AS listed, coalesce(p.in_stock, true) AS in_stock, coalesce(p.blocked, false) AS blocked,
       p.image_url AS image_url
ORDER BY i;
