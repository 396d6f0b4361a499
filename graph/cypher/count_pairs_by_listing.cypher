// Pairs between two listed products, and pairs of a listed with an outside product.
MATCH (a:Product)-[r:ALSO_BOUGHT]->(b:Product)
RETURN count(CASE WHEN coalesce(a.listed, true) AND coalesce(b.listed, true) THEN 1 END) AS listed_pairs,
       count(CASE WHEN coalesce(a.listed, true) <> coalesce(b.listed, true) THEN 1 END) AS outside_pairs;
