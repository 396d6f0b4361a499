// One lock a name, so that two writers cannot both hold it.
CREATE CONSTRAINT alsobought_lock IF NOT EXISTS FOR (l:AlsoBoughtLock) REQUIRE l.name IS UNIQUE;
