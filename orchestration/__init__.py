"""When and in what order: connectors, landing, reading, transformation, checks, release."""
