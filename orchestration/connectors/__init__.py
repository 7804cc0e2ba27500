"""Connectors: how the bytes of a department system are reached and brought to landing."""
