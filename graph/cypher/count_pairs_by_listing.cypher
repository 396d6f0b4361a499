// Pairs between two listed products, and pairs of a listed with an outside product. Only outside products are walked
// from: a catalogue that has few of them is counted without reading its pairs.
CALL () { MATCH (:Product)-[r:ALSO_BOUGHT]->() RETURN count(r) AS pairs }
CALL () {
  MATCH (u:Product) WHERE NOT coalesce(u.listed, true)
  MATCH (u)-[:ALSO_BOUGHT]-(v:Product)
  RETURN count(CASE WHEN coalesce(v.listed, true) THEN 1 END) AS outside_pairs,
         count(CASE WHEN NOT coalesce(v.listed, true) THEN 1 END) / 2 AS unlisted_pairs
}
RETURN pairs - outside_pairs - unlisted_pairs AS listed_pairs, outside_pairs;
