// Ask a vector index many times. Parameters: $index, $candidates, $queries, a list of [number, vector].
UNWIND $queries AS query
CALL db.index.vector.queryNodes($index, $candidates, query[1]) YIELD node
RETURN query[0] AS asked, collect(node.product_id) AS ids;
