// Is this database ours, and does it hold products already? One row.
OPTIONAL MATCH (store:AlsoBoughtStore {name: 'store'})
WITH store, COUNT { MATCH (:Product) } AS products
RETURN store.schema_version AS schema_version, products;
