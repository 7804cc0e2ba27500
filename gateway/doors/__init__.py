"""One folder per protocol; a door parses to the query tree and shapes the answer, nothing else."""
