"""Open311 GeoReport v2, read only: service requests of a city and the services they are for."""

from gateway.facades.open311.writing import refusal

__all__ = ["refusal"]
