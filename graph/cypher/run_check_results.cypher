// What stands in the database of a run, counted there. Parameters: $embedding, $query_embedding, $related, $score, $reason.
MATCH (p:Product)
WITH p, p[$embedding] AS vector, p[$query_embedding] AS query, p[$related] AS ids, p[$score] AS scores,
     p[$reason] AS reasons
RETURN count(CASE WHEN coalesce(p.listed, true) THEN 1 END) AS listed,
       count(CASE WHEN coalesce(p.listed, true) AND vector IS NOT NULL THEN 1 END) AS vectors,
       count(CASE WHEN NOT coalesce(p.listed, true) AND (vector IS NOT NULL OR ids IS NOT NULL) THEN 1 END) AS unlisted_with_results,
       min(size(vector)) AS least_dimensions, max(size(vector)) AS most_dimensions,
       count(CASE WHEN any(x IN vector WHERE isNaN(x)) OR any(x IN query WHERE isNaN(x)) THEN 1 END) AS not_a_number,
       count(query) AS queries, min(size(query)) AS least_query, max(size(query)) AS most_query,
       count(CASE WHEN coalesce(p.listed, true) AND ids IS NOT NULL THEN 1 END) AS lists,
       min(CASE WHEN coalesce(p.listed, true) THEN size(ids) END) AS shortest_list,
       count(CASE WHEN size(ids) <> size(scores) OR size(ids) <> size(reasons) THEN 1 END) AS uneven_lists,
       count(CASE WHEN p.product_id IN ids THEN 1 END) AS self_in_list;
