// Pairs between two listed products, and pairs of a listed with an outside product.
MATCH (a:Product)-[r:ALSO_BOUGHT]->(b:Product)
RETURN count(CASE WHEN a.listed AND b.listed THEN 1 END) AS listed_pairs,
       count(CASE WHEN a.listed <> b.listed THEN 1 END) AS outside_pairs;
