"""The addresses below /odata in OpenAPI."""

from __future__ import annotations

from typing import Any

from gateway.facades.odata.model import ROOT
from gateway.view.view import View

_JSON, _TEXT = "application/json", {"type": "string"}
_REFUSED = {
    status: {"description": "A refusal in OData's form.", "content": {_JSON: {"schema": {"type": "object"}}}}
    for status in ("400", "401", "403", "404", "405", "406", "410", "429", "503")
}
_FILTER = (
    "$filter",
    "A condition: eq ne gt ge lt le and or not in, contains startswith endswith tolower year date.",
    _TEXT,
)
_COUNT = {"type": "integer", "minimum": 0}
_OPTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    _FILTER,
    ("$select", "Properties of the answer, comma separated.", _TEXT),
    ("$orderby", "Properties to order by, `desc` behind for descending.", _TEXT),
    ("$top", "Entities in all.", _COUNT),
    ("$skip", "Entities to leave out.", _COUNT),
    ("$count", "Whether the number of entities is told.", {"type": "string", "enum": ["true", "false"]}),
    ("$search", "Words, all of which stand in texts of an entity.", _TEXT),
    ("$apply", "filter(…)/groupby((…),aggregate(…)), or aggregate(…).", _TEXT),
    ("$skiptoken", "The place to go on from; part of the next link.", _TEXT),
)


def fixed_paths() -> dict[str, Any]:
    """The addresses that are there whatever datasets there are."""
    service = _path("OData v4. Service document", _JSON)
    return {ROOT: service, f"{ROOT}/": service, f"{ROOT}/$metadata": _path("OData v4. Entity model", "application/xml")}


def dataset_paths(view: View) -> dict[str, Any]:
    """The addresses of one dataset; an entity is found by its key in brackets behind the first."""
    if not view.readable:
        return {}
    title = f"OData v4. {view.facts.title.zh} {view.facts.title.en}"
    root, search = f"{ROOT}/{view.dataset}", next(option for option in _OPTIONS if option[0] == "$search")
    return {
        root: _path(f"{title}: entities", _JSON, *_OPTIONS, view=view),
        f"{root}/$count": _path(f"{title}: number of entities", "text/plain", _FILTER, search, view=view),
    }


def _path(
    summary: str, media_type: str, *options: tuple[str, str, dict[str, Any]], view: View | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "object"} if media_type == _JSON else _TEXT
    operation: dict[str, Any] = {
        "summary": summary,
        "parameters": [
            {"name": name, "in": "query", "description": sentence, "schema": schema}
            for name, sentence, schema in options
        ],
        "responses": {"200": {"description": "The answer.", "content": {media_type: {"schema": body}}}, **_REFUSED},
    }
    return {"get": operation | ({"tags": [view.dataset]} if view else {})}
