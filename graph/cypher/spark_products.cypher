// Create products, and change the facts of those that are there: what a row leaves out stays, and listed stays listed.
// The Spark connector puts the first line in front itself.
// Parameters: $events, a list of {product_id, title, brand, price, categories, sales_rank, listed}.
UNWIND $events AS event
WITH event AS row
MERGE (p:Product {product_id: row.product_id})
ON CREATE SET p.listed = row.listed
ON MATCH SET p.listed = coalesce(p.listed, true) OR row.listed
SET p.title = coalesce(row.title, p.title), p.brand = coalesce(row.brand, p.brand),
    p.price = coalesce(row.price, p.price), p.categories = coalesce(row.categories, p.categories),
    p.sales_rank = coalesce(row.sales_rank, p.sales_rank);
