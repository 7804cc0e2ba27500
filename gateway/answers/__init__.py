"""From engine results to bytes: one module per row format."""
