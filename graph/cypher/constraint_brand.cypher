// One node a brand.
CREATE CONSTRAINT alsobought_brand IF NOT EXISTS FOR (b:Brand) REQUIRE b.name IS UNIQUE;
