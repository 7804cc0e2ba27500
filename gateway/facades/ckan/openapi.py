"""The addresses of CKAN's actions in OpenAPI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.facades.ckan.records import DUMPS

_JSON, _TEXT = "application/json", {"type": "string"}
_STATUSES = ("401", "403", "404", "409", "410", "413", "429", "503")
_ENVELOPE = {
    "type": "object",
    "properties": {"help": _TEXT, "success": {"type": "boolean"}, "result": {}, "error": {"type": "object"}},
    "required": ["help", "success"],
}
_FREE = {"type": "object", "additionalProperties": _TEXT}


def fixed_paths(actions: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The actions, by name and sentence, and the dump."""
    told = "CKAN Action API. " + " ".join(f"`{name}`: {sentence}" for name, sentence in actions)
    action = {"name": "action", "in": "path", "required": True, "schema": {"enum": [name for name, _ in actions]}}
    given = _query("parameters", "What the action is given; `help_show` tells.", _FREE) | {"style": "form"}
    body = {"content": {_JSON: {"schema": {"type": "object"}}}}
    operation = {"summary": "CKAN: an action", "description": told, "responses": _responses({_JSON: _ENVELOPE})}
    path = {
        "parameters": [action],
        "get": operation | {"parameters": [given]},
        "post": operation | {"requestBody": body},
    }
    return {"/api/3/action/{action}": path, "/api/action/{action}": path, "/datastore/dump/{resource}": _dump()}


def _dump() -> dict[str, Any]:
    resource = {"name": "resource", "in": "path", "required": True, "schema": _TEXT}
    form = _query("format", "The format of the file.", {"enum": list(DUMPS)})
    given = _query("parameters", "What `datastore_search` takes, and `bom`.", _FREE) | {"style": "form"}
    bodies = {dumped.essence: {"contentMediaType": dumped.essence} for dumped in DUMPS.values()}
    operation = {"summary": "CKAN: all rows of a resource as a file", "responses": _responses(bodies)}
    return {"parameters": [resource], "get": operation | {"parameters": [form, given]}}


def _query(name: str, sentence: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": sentence, "schema": schema}


def _responses(bodies: dict[str, Any]) -> dict[str, Any]:
    refused = {"description": "A refusal in CKAN's form.", "content": {_JSON: {"schema": _ENVELOPE}}}
    ok = {"description": "The answer.", "content": {media: {"schema": schema} for media, schema in bodies.items()}}
    same = {"description": "The caller holds this representation."}
    return {"200": ok, "304": same, **dict.fromkeys(_STATUSES, refused)}
