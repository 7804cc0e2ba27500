"""The addresses of the catalogue's standard documents."""

from gateway.doors.standards import catalogue, documents, site

ROUTERS = (site.router, catalogue.router, documents.router)
"""To be asked before the native addresses: `{dataset}.ttl` would be taken for a dataset's name."""
