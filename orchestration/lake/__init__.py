"""The lake: opening it, its operational tables, the city's vocabularies, the one-writer lock."""
