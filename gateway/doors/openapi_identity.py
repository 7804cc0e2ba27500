"""The part of the OpenAPI document about callers: logins, tokens, asking for access, administration for stewards."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi

from gateway.doors import login, oauth, whoami
from gateway.doors.admin import ROUTERS as ADMIN_ROUTERS
from gateway.doors.requests import ROUTERS as REQUEST_ROUTERS
from gateway.notices import subscription_door

SECURITY_SCHEMES: dict[str, Any] = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "API key `clk_…`."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "API key or access token."},
    "system": {
        "type": "oauth2",
        "description": "Department systems: client credentials.",
        "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}},
    },
}
SECURITY: list[dict[str, list[str]]] = [{}, {"key": []}, {"bearer": []}, {"system": []}]
"""The public asks without any; each other way gives what its holder may see."""

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}}


@cache
def paths_of_identity() -> dict[str, Any]:
    """Addresses that everybody may know of."""
    doors = (whoami, oauth, login)
    paths: dict[str, Any] = _document([route for door in doors for route in door.router.routes])["paths"]
    return paths


@cache
def administration_of_stewards() -> dict[str, Any]:
    """The administration routes with their schemas; told to stewards only."""
    return _of(ADMIN_ROUTERS)


@cache
def asking_for_access() -> dict[str, Any]:
    """The addresses of asking with their schemas; everybody may know how to ask."""
    return _of(REQUEST_ROUTERS)


@cache
def subscribing() -> dict[str, Any]:
    """The addresses of subscriptions with their schemas."""
    return _of((subscription_door.router,))


def _of(routers: Sequence[APIRouter]) -> dict[str, Any]:
    found = _document([route for router in routers for route in router.routes])
    for name in ("HTTPValidationError", "ValidationError"):
        found["components"]["schemas"].pop(name, None)
    return found


def _document(routes: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = get_openapi(title="", version="", routes=routes)
    for path in found["paths"].values():
        path.pop("head", None)
        for operation in path.values():
            operation["responses"] = {
                status: kept for status, kept in operation["responses"].items() if not status.startswith("4")
            } | {"4XX": {"description": "A problem of the catalogue.", "content": _PROBLEM}}
    return found
