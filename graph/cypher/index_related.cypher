// Finds the [:RELATED] of one run, to count them and to take them away.
CREATE INDEX alsobought_related IF NOT EXISTS FOR ()-[r:RELATED]-() ON (r.run_id);
