"""What is told of groups to callers who see some columns in aggregates only."""
