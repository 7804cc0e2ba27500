"""Where the addresses of each facade begin: credentials and refusals there are in the form its clients know."""

CKAN = ("/api/3/action/", "/api/action/", "/datastore/dump/")
SODA = ("/resource/", "/api/views/", "/api/catalog/v1")
ODATA = ("/odata",)
OPEN311 = ("/open311/",)
