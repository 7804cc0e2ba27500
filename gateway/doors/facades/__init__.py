"""The addresses of other systems' ways of asking."""

from gateway.doors.facades import ckan, odata, ogc, ogc_records, open311, soda, soda_catalogue

ROUTERS = (
    ckan.router,
    ogc_records.router,
    ogc.router,
    odata.router,
    open311.router,
    soda.router,
    soda_catalogue.router,
)
"""The catalogue of records stands among the collections, and is to be asked first."""
