// What the database holds.
CALL () { MATCH (p:Product) RETURN count(p) AS products, count(CASE WHEN coalesce(p.listed, true) THEN 1 END) AS listed }
CALL () { MATCH (:Product)-[r:ALSO_BOUGHT]->(:Product) RETURN count(r) AS pairs }
RETURN products, listed, products - listed AS unlisted, pairs;
