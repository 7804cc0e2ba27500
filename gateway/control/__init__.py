"""The control store: who may call, what was asked for and granted, what was withdrawn. Not the data itself."""
