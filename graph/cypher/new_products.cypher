// Listed products that a run has no list for: those that came after it. Parameters: $related (the run's property name).
// Looks at every product: for the job, not for a page.
MATCH (p:Product)
WHERE coalesce(p.listed, true) AND p[$related] IS NULL
RETURN p.product_id AS product_id, p.title AS title, p.brand AS brand, p.categories AS categories
ORDER BY product_id;
