// What a run says of some products. Parameters: $ids, $related, $embedding, $query_embedding, $map (the run's property
// names, null for what it has not).
UNWIND $ids AS id
MATCH (p:Product {product_id: id})
RETURN p.product_id AS product_id, p[$related] AS related, p[$embedding] AS vector, p[$query_embedding] AS query_vector,
       p[$map] AS place;
