// Every also-bought link between some products. Parameters: $ids.
// :params {ids: ['EX00000001', 'EX00000002']}
UNWIND $ids AS id
MATCH (p:Product {product_id: id})-[link:ALSO_BOUGHT]->(r:Product)
WHERE r.product_id IN $ids
RETURN p.product_id AS source, r.product_id AS target, link.weight AS weight
ORDER BY source, target;
