"""The market regulator: its register of legal entities and the deltas it sends."""
