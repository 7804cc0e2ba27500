"""Socrata's Open Data API: how it is asked, and how it answers."""

from gateway.facades.soda.refusal import refusal

__all__ = ["refusal"]
