// One product an id; also the index behind every look-up by id.
CREATE CONSTRAINT alsobought_product IF NOT EXISTS FOR (p:Product) REQUIRE p.product_id IS UNIQUE;
