// Write down which schema the database has. Parameters: $schema_version.
MATCH (store:AlsoBoughtStore {name: 'store'})
SET store.schema_version = $schema_version;
