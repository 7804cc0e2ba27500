"""The addresses of city codes in OpenAPI, for those who read the register."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.compiled import CityInfo
from gateway.view.view import View

_TEXT: dict[str, Any] = {"type": "string"}
_ROWS: dict[str, Any] = {"type": "array", "items": {"type": "object"}}
_REFUSALS = ("400", "401", "404", "429", "503")
_CODE: dict[str, Any] = {
    "name": "code",
    "in": "path",
    "required": True,
    "description": "A city code of 22 characters, a thing's own code, or another code of it.",
    "schema": _TEXT,
}
_SENTENCE = (
    "The thing in the register, what it became, and of each part of what is known of it the rows the caller reads. A "
    "code with a wrong check character is none. Another code, such as an address, may be that of several things: then "
    "`matches` has their city codes."
)


def code_paths(city: CityInfo, views: Sequence[View], release: dict[str, Any]) -> dict[str, Any]:
    """The addresses; none where the register is not seen. `release` is the parameter of that name."""
    said = city.codes
    view = next((view for view in views if said is not None and view.dataset == said.register_.dataset), None)
    if said is None or view is None or not view.readable or view.column(said.register_.code) is None:
        return {}
    refusals = {status: {"$ref": f"#/components/responses/{status}"} for status in _REFUSALS}
    shared = {"tags": [view.dataset], "parameters": [_CODE, release]}
    thing = {"description": "The thing, or several.", "content": {"application/json": {"schema": _answer()}}}
    symbol = {"description": "The symbol.", "content": {"image/svg+xml": {"schema": _TEXT}}}
    return {
        "/v1/codes/{code}": {
            "get": {
                "operationId": "code",
                "summary": "What has a code",
                "description": _SENTENCE,
                "responses": {"200": thing, **refusals},
                **shared,
            }
        },
        "/v1/codes/{code}/qr": {
            "get": {
                "operationId": "code_qr",
                "summary": "The QR symbol of a city code, to print",
                "responses": {"200": symbol, **refusals},
                **shared,
            }
        },
    }


def _answer() -> dict[str, Any]:
    part = {"dataset": _TEXT, "complete": {"type": "boolean"}, "href": _TEXT, "rows": _ROWS}
    match = {"type": "object", "properties": {"code": _TEXT, "href": _TEXT}, "required": ["code", "href"]}
    told = {
        "asked": _TEXT,
        "release": {"type": "integer"},
        "code": _TEXT,
        "href": _TEXT,
        "qr": _TEXT,
        "register": {"type": "object"},
        "successors": _ROWS,
        "parts": {
            "type": "object",
            "additionalProperties": {"type": "object", "properties": part, "required": list(part)},
        },
        "matches": {"type": "array", "items": match},
        "complete": {"type": "boolean"},
    }
    return {"type": "object", "properties": told, "required": ["asked", "release"]}
