"""The grid centre: its simulated cases, and the files it drops each day."""
