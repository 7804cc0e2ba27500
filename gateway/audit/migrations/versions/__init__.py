"""One migration for each file, `NNNN_noun.py`; each follows the one before it."""
