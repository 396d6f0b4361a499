// Take a run's vector index away. INDEX_NAME stands for its name.
DROP INDEX INDEX_NAME IF EXISTS;
