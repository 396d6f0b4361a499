// One pointer a name; 'default' says which run serves.
CREATE CONSTRAINT alsobought_pointer IF NOT EXISTS FOR (a:ActiveRun) REQUIRE a.name IS UNIQUE;
