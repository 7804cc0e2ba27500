"""The part of the OpenAPI document about facades."""

from __future__ import annotations

from typing import Any

from gateway.facades.odata import openapi as odata
from gateway.facades.ogc import openapi as ogc
from gateway.facades.ogc import site
from gateway.view.view import View

_RESPONSES = "#/components/responses"


def facade_paths() -> dict[str, Any]:
    """The addresses that are there whatever datasets there are."""
    return ogc.in_document(ogc.fixed_paths(), site.ROOT, _RESPONSES) | odata.fixed_paths()


def dataset_facade_paths(view: View) -> dict[str, Any]:
    """The addresses of one dataset."""
    return ogc.in_document(ogc.dataset_paths(view), site.ROOT, _RESPONSES) | odata.dataset_paths(view)
