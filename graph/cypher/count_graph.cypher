// What the database holds. Pairs come out of the count store: one end's label is enough, for the other end has it too.
CALL () { MATCH (p:Product) RETURN count(p) AS products, count(CASE WHEN coalesce(p.listed, true) THEN 1 END) AS listed }
CALL () { MATCH (:Product)-[r:ALSO_BOUGHT]->() RETURN count(r) AS pairs }
RETURN products, listed, products - listed AS unlisted, pairs;
