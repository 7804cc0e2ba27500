"""The four department systems of Yunzhou, simulated; no code is shared with the platform."""
