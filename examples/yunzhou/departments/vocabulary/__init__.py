"""Writes the city's vocabulary CSV files; the committed files are its output."""
