"""The governed door to a city's releases: who may see it, and how it is served."""
