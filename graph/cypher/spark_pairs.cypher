// Create pairs, and unite what is stated on those that are there: the weight is then the sum over all statements.
// A pair of which nobody states anything (it comes from orders) takes the new weight.
// The Spark connector puts the first line in front itself.
// Parameters: $events, a list of {a, b, weight, also_bought, also_viewed, bought_together}, a below b.
UNWIND $events AS event
WITH event AS row
MATCH (a:Product {product_id: row.a})
MATCH (b:Product {product_id: row.b})
MERGE (a)-[r:ALSO_BOUGHT]->(b)
WITH r, row,
  CASE WHEN r.also_bought <> row.also_bought THEN 'both' ELSE coalesce(row.also_bought, r.also_bought) END AS bought,
  CASE WHEN r.also_viewed <> row.also_viewed THEN 'both' ELSE coalesce(row.also_viewed, r.also_viewed) END AS viewed,
  CASE WHEN r.bought_together <> row.bought_together THEN 'both'
       ELSE coalesce(row.bought_together, r.bought_together) END AS together
WITH r, row, bought, viewed, together,
  coalesce(row.also_bought, row.also_viewed, row.bought_together) IS NOT NULL
  AND (coalesce(bought <> row.also_bought, bought IS NOT NULL)
    OR coalesce(viewed <> row.also_viewed, viewed IS NOT NULL)
    OR coalesce(together <> row.bought_together, together IS NOT NULL)) AS united
SET r.also_bought = bought, r.also_viewed = viewed, r.bought_together = together,
    r.weight = CASE WHEN united
      THEN 1.0 * CASE WHEN bought IS NULL THEN 0 WHEN bought = 'both' THEN 2 ELSE 1 END
         + 0.5 * CASE WHEN viewed IS NULL THEN 0 WHEN viewed = 'both' THEN 2 ELSE 1 END
         + 1.2 * CASE WHEN together IS NULL THEN 0 WHEN together = 'both' THEN 2 ELSE 1 END
      ELSE row.weight END;
