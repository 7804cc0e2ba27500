"""City management's own system: enforcement cases, inspections, checks, key points and frontage duty."""
