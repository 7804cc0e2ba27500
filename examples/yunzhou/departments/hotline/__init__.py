"""The 12345 hotline: its simulated tickets and call-backs, and the HTTP interface that serves their changes."""
