// How far an index is. Parameters: $index.
SHOW INDEXES YIELD name, state, populationPercent, failureMessage
WHERE name = $index
RETURN state, populationPercent AS percent, failureMessage AS failure;
