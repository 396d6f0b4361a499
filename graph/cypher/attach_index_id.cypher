// The index behind every look-up by id, where the shop has none of its own.
CREATE INDEX alsobought_product IF NOT EXISTS FOR (p:Product) ON (p.product_id);
