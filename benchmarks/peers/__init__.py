"""CivicLake beside the servers people use today, over one dataset, in one run."""
