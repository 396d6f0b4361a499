// One node a category path.
CREATE CONSTRAINT alsobought_category IF NOT EXISTS FOR (c:Category) REQUIRE c.path IS UNIQUE;
