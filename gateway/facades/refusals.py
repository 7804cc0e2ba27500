"""Refusals in the form that the clients of a facade know; everywhere else they are RFC 9457 documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.answers.json_rows import dumps
from gateway.facades import ckan, odata, open311, places, soda


@dataclass(frozen=True)
class Refusal:
    """Status, media type and body of a refusal."""

    status: int
    media_type: str
    body: bytes


Form = Callable[[dict[str, Any]], Refusal]


def _as_json(translate: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]) -> Form:
    def form(document: dict[str, Any]) -> Refusal:
        status, told = translate(document)
        return Refusal(status, "application/json", dumps(told))

    return form


_FORMS: tuple[tuple[tuple[str, ...], Form], ...] = (
    (places.CKAN, _as_json(ckan.refusal)),
    (places.SODA, _as_json(soda.refusal)),
    (places.ODATA, _as_json(odata.refusal)),
)


def _georeport(path: str) -> Form:
    """As XML where the address ends so, else as JSON."""
    suffix = "xml" if path.endswith(".xml") else "json"

    def form(document: dict[str, Any]) -> Refusal:
        status, body = open311.refusal(document, suffix)
        return Refusal(status, f"application/{suffix}", body)

    return form


def refusal_form(path: str) -> Form | None:
    """How a problem document is told at an address; None where it is told as it is."""
    if path.startswith(places.OPEN311):
        return _georeport(path)
    return next((form for prefixes, form in _FORMS if path.startswith(prefixes)), None)
