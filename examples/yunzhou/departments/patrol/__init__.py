"""The patrols: shifts, tracks, and events of people and machines."""
