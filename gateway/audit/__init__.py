"""The audit log: every access one row of a hash-chained, sealed, append-only table in a store of its own."""
