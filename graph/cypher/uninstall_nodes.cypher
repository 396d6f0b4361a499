// Take our own nodes away, with what hangs on them. Runs in transactions of its own: prefix with :auto in Browser.
MATCH (n)
WHERE n:EmbeddingRun OR n:ActiveRun OR n:AlsoBoughtLock OR n:AlsoBoughtStore OR n:Vote OR n:Brand OR n:Category
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS;
