// How many [:RELATED] a run has, and how many its lists ask for. Parameters: $run_id, $related (property name).
MATCH (p:Product)
WITH sum(size(p[$related])) AS entries
OPTIONAL MATCH ()-[r:RELATED {run_id: $run_id}]->()
RETURN entries, count(r) AS relationships;
