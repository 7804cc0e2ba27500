"""Quotas: what a caller may use is counted before the work is done, and places are shared out fairly."""
