"""The Action API of CKAN: how it is asked, and how it answers."""

from gateway.facades.ckan.envelope import refusal

__all__ = ["refusal"]
