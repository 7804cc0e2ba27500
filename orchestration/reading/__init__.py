"""From landed bytes to typed rows in the lake: each row accepted, quarantined or recorded as a duplicate."""
