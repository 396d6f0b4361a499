// Our constraints and indexes: their names begin with ours.
SHOW INDEXES YIELD name, owningConstraint
WHERE name STARTS WITH 'alsobought_' OR name STARTS WITH 'vector_index_'
RETURN name, owningConstraint IS NOT NULL AS is_constraint;
