// How much there is, from Neo4j's own counters: no product is read.
CALL () { MATCH (:Product) RETURN count(*) AS products }
CALL () { MATCH (:Product)-[:ALSO_BOUGHT]->() RETURN count(*) AS pairs }
CALL () { MATCH (:EmbeddingRun) RETURN count(*) AS runs }
RETURN products, pairs, runs;
