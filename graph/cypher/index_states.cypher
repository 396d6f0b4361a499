// Every index that is not the server's own, and how far it is.
SHOW INDEXES YIELD name, type, state, populationPercent, entityType
WHERE type <> 'LOOKUP'
RETURN name, type, state, populationPercent AS percent
ORDER BY type, name;
