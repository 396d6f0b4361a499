// The labels of the catalogues' store nodes: AlsoBoughtStore is the default catalogue's, AlsoBoughtStore_de that of `de`.
CALL db.labels() YIELD label
WHERE label STARTS WITH 'AlsoBoughtStore'
RETURN label ORDER BY label;
