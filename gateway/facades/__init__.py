"""Other systems' ways of asking: each parses to the query tree and writes its answer in its own form."""
