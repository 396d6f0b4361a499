// Write down the shop's most linked products, for readers that have nothing better. Parameters: $count (how many).
// Looks at every product: for the job that publishes, not for a page. `store` is our own node, as popular.cypher reads it.
MATCH (store:AlsoBoughtStore {name: 'store'})
CALL () {
  MATCH (r:Product)
  WHERE coalesce(r.listed, true)
  WITH r.product_id AS id, COUNT { (r)-[:ALSO_BOUGHT]-() } AS neighbours
  WHERE neighbours > 0
  WITH id, neighbours ORDER BY neighbours DESC, id LIMIT $count
  RETURN collect(id) AS ids, collect(neighbours) AS counts
}
SET store.popular = ids, store.popular_neighbours = counts
RETURN size(ids) AS products;
