"""OGC API: Features (parts 1 and 3) over datasets, Records over the catalogue."""
