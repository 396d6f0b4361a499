// The shop's most linked products, from the list that popular_refresh wrote. Parameters: $k.
// :params {k: 10}
MATCH (store:AlsoBoughtStore {name: 'store'})
UNWIND range(0, size(coalesce(store.popular, [])) - 1) AS i
MATCH (r:Product {product_id: store.popular[i]})
WHERE coalesce(r.listed, true) AND coalesce(r.in_stock, true) AND NOT coalesce(r.blocked, false)
WITH store, r, i ORDER BY i LIMIT $k
RETURN r.product_id AS product_id, r.title AS title, r.brand AS brand, r.price AS price, r.categories AS categories,
       store.popular_neighbours[i] AS neighbours
ORDER BY i;
