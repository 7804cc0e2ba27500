"""Migrations of the control store, run by `ControlStore.migrate()`; `versions/` holds one file for each step."""
