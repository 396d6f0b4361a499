// One node that says which schema version this database holds.
CREATE CONSTRAINT alsobought_store IF NOT EXISTS FOR (s:AlsoBoughtStore) REQUIRE s.name IS UNIQUE;
