"""One request model: the query tree, its operators and types, and its compilation to a governed statement."""
