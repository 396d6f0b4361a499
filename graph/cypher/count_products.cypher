// How many products there are; answered from the count store.
MATCH (p:Product) RETURN count(p) AS products;
