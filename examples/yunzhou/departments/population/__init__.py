"""The police: the register of residents, of which a file comes every week, encrypted."""
