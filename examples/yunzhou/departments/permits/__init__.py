"""Administrative permits: their simulated life, and the relational database in which it shows."""
