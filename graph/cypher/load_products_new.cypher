// Create products that the database does not hold yet. Parameters: $rows, a list of {id, facts: {title, brand, …}}.
UNWIND $rows AS row
CREATE (p:Product {product_id: row.id})
SET p += row.facts;
