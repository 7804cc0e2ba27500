"""The feed contract: ODCS v3.1 documents with typed custom properties."""
