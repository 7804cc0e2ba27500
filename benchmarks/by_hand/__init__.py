"""The same city by hand: one script over the same landed objects, as an analyst with DuckDB would write it."""
