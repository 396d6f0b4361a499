// How many listed products have a place on a run's map. Parameters: $map (the property's name).
MATCH (p:Product) WHERE coalesce(p.listed, true) AND size(p[$map]) = 2
RETURN count(p) AS placed;
