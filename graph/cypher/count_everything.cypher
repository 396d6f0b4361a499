// How many nodes there are, of whatever kind.
MATCH (n) RETURN count(n) AS nodes;
