// About $n ids of listed products, spread evenly over the catalogue in the order of ids: the same every time.
// Parameters: $n. Reads every product's id: ask once and keep the answer.
MATCH (p:Product) WHERE p.product_id > ''
WITH p WHERE coalesce(p.listed, true)
WITH p.product_id AS id ORDER BY id
WITH collect(id) AS ids
UNWIND range(0, size(ids) - 1, CASE WHEN size(ids) > $n THEN size(ids) / $n ELSE 1 END) AS i
RETURN ids[i] AS product_id LIMIT $n;
