// One node a run.
CREATE CONSTRAINT alsobought_run IF NOT EXISTS FOR (r:EmbeddingRun) REQUIRE r.run_id IS UNIQUE;
