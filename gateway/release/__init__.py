"""Opened releases: which one is current, who still reads an old one, when it is closed."""
