"""Writers of other formats from the catalog: one module per format."""
