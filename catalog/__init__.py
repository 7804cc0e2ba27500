"""The ledger: typed model of contracts, tables, policy and vocabulary, and what is compiled from them."""
