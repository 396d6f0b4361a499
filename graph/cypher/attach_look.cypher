// A shop's products before anything is written: how many, and how many ids are unusable or repeated.
MATCH (p:Product)
WITH count(p) AS products,
     count(CASE WHEN p.product_id IS NULL OR NOT valueType(p.product_id) STARTS WITH 'STRING' OR p.product_id = ''
                THEN 1 END) AS unusable,
     count(DISTINCT p.product_id) AS different
RETURN products, unusable, products - unusable - different AS repeated;
