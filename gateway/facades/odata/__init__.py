"""OData v4, read only: how it is asked, and how it answers."""

from gateway.facades.odata.refusal import refusal

__all__ = ["refusal"]
