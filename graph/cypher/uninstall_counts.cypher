// What of ours stands in the database.
CALL () { MATCH (:Product)-[r:ALSO_BOUGHT]->() RETURN count(r) AS pairs }
CALL () { MATCH (run:EmbeddingRun) RETURN count(run) AS runs }
CALL () { MATCH (p:Product) RETURN count(p) AS products }
RETURN pairs, runs, products;
