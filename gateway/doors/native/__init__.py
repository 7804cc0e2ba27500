"""The native REST door, /v1."""
