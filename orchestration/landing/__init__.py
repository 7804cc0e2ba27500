"""Landing: what departments sent, byte for byte, and the ledger that says what came when and from where."""
