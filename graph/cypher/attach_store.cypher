// Mark a shop's own database as one that we work beside. Parameters: $schema_version, $shop (the names, JSON text).
MERGE (store:AlsoBoughtStore {name: 'store'})
ON CREATE SET store.schema_version = $schema_version, store.created_at = datetime()
SET store.shop = $shop;
