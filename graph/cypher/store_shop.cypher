// Whose names the database uses: null where it was loaded from files, else the shop's own as JSON text.
OPTIONAL MATCH (store:AlsoBoughtStore {name: 'store'})
RETURN store.shop AS shop;
