"""Signed receipts: an answer that proves what was asked, what was answered, from which release and when."""
