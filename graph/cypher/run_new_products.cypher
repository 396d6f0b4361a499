// Write results of a run for products that came after it, and count them on the run. What has a list keeps it.
// Parameters: $run_id, $rows, a list of {id, related, score, reason, vector, query_vector, place}; the last three may be
// null. Gives the ids that were written.
MATCH (run:EmbeddingRun {run_id: $run_id, status: 'ready'})
UNWIND $rows AS row
MATCH (p:Product {product_id: row.id})
WHERE coalesce(p.listed, true) AND p[run.related] IS NULL
SET p[run.related] = row.related, p[run.related_score] = row.score, p[run.related_reason] = row.reason
WITH run, p, row
CALL (run, p, row) {
  WITH [[run.embedding, row.vector], [run.query_embedding, row.query_vector], [run.map, row.place]] AS arrays
  UNWIND arrays AS entry
  WITH p, entry WHERE entry[0] IS NOT NULL AND entry[1] IS NOT NULL
  CALL db.create.setNodeVectorProperty(p, entry[0], entry[1])
  RETURN count(*) AS arrays
}
WITH run, collect(row.id) AS written
SET run.new_products = coalesce(run.new_products, 0) + size(written), run.new_products_at = datetime()
RETURN written;
