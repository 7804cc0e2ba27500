"""Who may see a release and how it is served over HTTP."""
