// Why are these two products related? The direct link, the strongest ways through a third product, shared brand and category.
// Parameters: $product_id, $related_id, $k (how many ways through a third product).
// `strength` is the pair's weight, or for a way through c: w(p, c) * w(c, r) / square root of c's number of neighbours.
// `text` is for people; `reason` is the same for machines.
// :params {product_id: 'EX00000001', related_id: 'EX00000002', k: 3}
MATCH (p:Product {product_id: $product_id})
MATCH (r:Product {product_id: $related_id})
CALL (p, r) {
  MATCH (p)-[link:ALSO_BOUGHT]-(r)
  WITH link, [name IN ['bought_together', 'also_bought', 'also_viewed'] WHERE link[name] IS NOT NULL
              | replace(name, '_', ' ') + CASE link[name] WHEN 'both' THEN ' (both pages say so)' ELSE '' END] AS said
  RETURN 1 AS hops, null AS through, [link.weight] AS weights, link.weight AS strength, 'also_bought:' AS reason,
         'linked directly: ' + reduce(t = '', s IN said | t + CASE t WHEN '' THEN '' ELSE ', ' END + s) AS text
  UNION ALL
  CALL (p, r) {
    MATCH (p)-[first:ALSO_BOUGHT]-(c:Product)-[second:ALSO_BOUGHT]-(r)
    USING JOIN ON c
    WITH c, first.weight AS one, second.weight AS two,
         first.weight * second.weight / sqrt(COUNT { (c)-[:ALSO_BOUGHT]-() }) AS strength
    RETURN c, one, two, strength ORDER BY strength DESC, c.product_id LIMIT $k
  }
  RETURN 2 AS hops, c.product_id AS through, [one, two] AS weights, strength, 'through:' + c.product_id AS reason,
         'both linked with “' + coalesce(c.title, c.product_id) + '”' AS text
  UNION ALL
  WITH p, r WHERE p.brand = r.brand
  RETURN 3 AS hops, null AS through, [] AS weights, null AS strength, 'brand:' + p.brand AS reason,
         'the same brand, ' + p.brand AS text
  UNION ALL
  WITH p, r, head([path IN [] + p.categories WHERE path IN [] + r.categories]) AS path
  WHERE path IS NOT NULL
  RETURN 4 AS hops, null AS through, [] AS weights, null AS strength, 'category:' + path AS reason,
         'both in ' + path AS text
}
RETURN CASE WHEN hops < 3 THEN hops END AS hops, through, weights, strength, reason, text
ORDER BY hops, strength DESC, through, reason;
