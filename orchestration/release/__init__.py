"""Releases: publish, verify, compare and switch the numbered sets that leave the lake."""
