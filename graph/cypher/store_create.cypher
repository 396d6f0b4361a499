// Mark the database as ours. Parameters: $schema_version.
MERGE (store:AlsoBoughtStore {name: 'store'})
ON CREATE SET store.schema_version = $schema_version, store.created_at = datetime()
RETURN store.schema_version AS schema_version;
