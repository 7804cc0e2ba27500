"""The part of the OpenAPI document about facades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.compiled import CityInfo
from gateway.doors.facades.ckan import ACTIONS
from gateway.doors.native.openapi_parts import PROBLEM_RESPONSES
from gateway.facades.ckan import openapi as ckan
from gateway.facades.odata import openapi as odata
from gateway.facades.ogc import openapi as ogc
from gateway.facades.ogc import site
from gateway.facades.open311 import openapi as open311
from gateway.facades.soda import openapi as soda
from gateway.view.view import View


def facade_paths(city: CityInfo, views: Sequence[View]) -> dict[str, Any]:
    """The addresses that are there whatever datasets there are, and those of service requests for who sees some."""
    actions = [(action.name, action.sentence) for action in ACTIONS.values()]
    own = ckan.fixed_paths(actions) | soda.fixed_paths() | odata.fixed_paths()
    return _ogc(ogc.fixed_paths()) | own | open311.paths(city, views)


def dataset_facade_paths(view: View) -> dict[str, Any]:
    """The addresses of one dataset."""
    return _ogc(ogc.dataset_paths(view)) | odata.dataset_paths(view)


def _ogc(paths: Mapping[str, Any]) -> dict[str, Any]:
    return ogc.in_document(paths, site.ROOT, "#/components/responses", PROBLEM_RESPONSES)
