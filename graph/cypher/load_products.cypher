// Change the facts of products that a file holds; everything else of a product stays as it is.
// Parameters: $rows, a list of {id, facts: {title, brand, price, …}}.
UNWIND $rows AS row
MATCH (p:Product {product_id: row.id})
SET p += row.facts;
