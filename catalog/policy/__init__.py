"""Policy as data: tier matrix, rules, masks, limits and clocks, compiled into the one file the gateway decides by."""
