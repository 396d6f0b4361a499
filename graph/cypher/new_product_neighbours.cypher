// The listed products that new ones are linked with, heaviest first. Parameters: $ids, $most (neighbours a product),
// $bridge_weight (what a link through a product that is not listed counts, as a share of a direct one).
// A link through a bridge carries what a step of a walk would carry over it: weight * weight / all weight of the bridge.
// Neighbours come as [product id, weight, whether they are linked directly, the bridge or null].
UNWIND $ids AS id
MATCH (p:Product {product_id: id})
CALL (p) {
  MATCH (p)-[link:ALSO_BOUGHT]-(r)
  WHERE coalesce(r.listed, true)
  RETURN r, link.weight AS weight, 1 AS direct, null AS bridge_id
  UNION ALL
  MATCH (p)-[link:ALSO_BOUGHT]-(bridge)
  WHERE NOT coalesce(bridge.listed, true)
  WITH p, link, bridge ORDER BY link.weight DESC, bridge.product_id LIMIT $most
  CALL (bridge) {
    MATCH (bridge)-[every:ALSO_BOUGHT]-()
    RETURN sum(every.weight) AS total
  }
  CALL (p, bridge) {
    MATCH (bridge)-[onward:ALSO_BOUGHT]-(r)
    WHERE coalesce(r.listed, true) AND r <> p
    RETURN r, onward ORDER BY onward.weight DESC, r.product_id LIMIT $most
  }
  RETURN r, $bridge_weight * link.weight * onward.weight / total AS weight, 0 AS direct, bridge.product_id AS bridge_id
}
WITH p, r, weight, direct, bridge_id ORDER BY weight DESC, bridge_id
WITH p, r, sum(weight) AS weight, max(direct) = 1 AS direct, head(collect(bridge_id)) AS bridge_id
ORDER BY weight DESC, r.product_id
RETURN p.product_id AS product_id, collect([r.product_id, weight, direct, bridge_id])[..$most] AS neighbours;
