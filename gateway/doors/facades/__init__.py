"""The addresses of other systems' ways of asking."""

from gateway.doors.facades import odata, ogc, ogc_records

ROUTERS = (ogc_records.router, ogc.router, odata.router)
"""The catalogue of records stands among the collections, and is to be asked first."""
