"""The addresses below /open311/v2 in OpenAPI, for those who find something there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from catalog.compiled import CityInfo
from gateway.facades.open311.parse import Requests
from gateway.facades.open311.writing import FORMS, ROOT
from gateway.view.view import View

_TEXT: dict[str, Any] = {"type": "string"}
_WORDS = (
    ("service_request_id", "Numbers of requests, comma separated; nothing else counts then."),
    ("service_code", "Codes of services, comma separated."),
    ("status", "open, closed, or both."),
    ("start_date", "Requests of this moment or later."),
    ("end_date", "Requests of this moment or earlier."),
    ("page", "Number of the page."),
    ("page_size", "Requests of a page."),
    ("lat", "With `long` and `radius`: around this place."),
    ("long", "Longitude in degrees."),
    ("radius", "Metres."),
)


def paths(city: CityInfo, views: Sequence[View]) -> dict[str, Any]:
    """The addresses; none where no dataset of service requests is seen."""
    view = next((view for view in views if city.open311 and view.dataset == city.open311.dataset), None)
    if city.open311 is None or view is None or not view.readable:
        return {}
    if not Requests(view, city.open311, ZoneInfo(city.timezone)).usable:
        return {}
    search = [_parameter("query", name, sentence) for name, sentence in _WORDS]
    return {
        f"{ROOT}/discovery.{{suffix}}": _path("what this is"),
        f"{ROOT}/services.{{suffix}}": _path("the services"),
        f"{ROOT}/services/{{code}}.{{suffix}}": _path("one service", _parameter("path", "code", "Code of a service.")),
        f"{ROOT}/requests.{{suffix}}": _path("requests, the newest first", *search),
        f"{ROOT}/requests/{{number}}.{{suffix}}": _path(
            "one request", _parameter("path", "number", "Number of a request.")
        ),
    }


def _path(summary: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    body = {media_type: {"schema": {"type": ["object", "array", "string"]}} for media_type in FORMS.values()}
    refused = {"description": "A refusal in GeoReport's form.", "content": body}
    suffix = _parameter("path", "suffix", "Form of the answer.") | {"schema": {"enum": list(FORMS)}}
    responses = {"200": {"description": "The answer.", "content": body}}
    return {
        "get": {
            "summary": f"Open311 GeoReport v2: {summary}",
            "parameters": [suffix, *parameters],
            "responses": responses | dict.fromkeys(("400", "401", "404", "405", "410", "429", "503"), refused),
        }
    }


def _parameter(place: str, name: str, sentence: str) -> dict[str, Any]:
    return {"name": name, "in": place, "description": sentence, "schema": _TEXT, "required": place == "path"}
