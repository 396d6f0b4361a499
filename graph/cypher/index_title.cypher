// Full-text index for search by title.
CREATE FULLTEXT INDEX alsobought_title IF NOT EXISTS FOR (p:Product) ON EACH [p.title, p.product_id];
