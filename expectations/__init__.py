"""Quality contracts: checks derived from the catalog, run in DuckDB, returned as data."""
