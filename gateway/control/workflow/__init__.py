"""Asking for access: applications, demands, corrections and break-glass on their way through their procedures."""
