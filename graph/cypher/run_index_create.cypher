// The vector index of one run. INDEX_NAME and EMBEDDING stand for the run's own names.
// Parameters: $options (index configuration: dimensions, similarity, graph degree, construction effort).
// Quantization is off: with it a quarter of the true neighbours is never found.
CREATE VECTOR INDEX INDEX_NAME IF NOT EXISTS FOR (p:Product) ON (p.EMBEDDING)
OPTIONS {indexConfig: $options};
