// Indexes of whatever kind on a shop's id property. Parameters: $label, $property.
SHOW INDEXES YIELD name, type, labelsOrTypes, properties, owningConstraint
WHERE labelsOrTypes = [$label] AND properties = [$property] AND type = 'RANGE'
RETURN name, owningConstraint AS constraint;
