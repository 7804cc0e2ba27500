"""The express lane: what the public asks most, answered without the framework."""
