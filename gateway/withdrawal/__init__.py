"""Withdrawal: what must no longer be shown, followed from its sources and applied to every release that is open."""
