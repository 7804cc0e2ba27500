"""City codes: finding what has one, and what is told of it."""
