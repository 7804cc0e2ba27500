"""Tables of the control store, one module for each noun; all hang on one metadata."""
