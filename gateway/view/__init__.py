"""What one caller may know of a dataset: its visible columns, their types, and the relation they are read from."""
