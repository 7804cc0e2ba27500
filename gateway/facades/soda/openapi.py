"""Socrata's addresses in OpenAPI."""

from __future__ import annotations

from typing import Any

from catalog.policy.load import shared_limits
from gateway.facades.soda.conditions import FUNCTIONS
from gateway.facades.soda.query import FIGURES
from gateway.facades.soda.records import RECORDS
from gateway.facades.soda.times import PARTS

_JSON, _TEXT = "application/json", {"type": "string"}
_WHOLE = {"type": "integer", "minimum": 0}
_STATUSES = ("400", "401", "403", "404", "406", "410", "429", "503")
_REFUSED = {
    "type": "object",
    "properties": {"error": {"const": True}, "code": _TEXT, "message": _TEXT, "data": {"type": "object"}},
    "required": ["error", "code", "message"],
}
_CLAUSES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("$select", f"Columns with `as` and a name, {', '.join(PARTS)} of them; of groups {', '.join(FIGURES)}.", _TEXT),
    ("$where", f"Comparisons, in, between, like, is null, and, or, not; {', '.join(FUNCTIONS)}.", _TEXT),
    ("$group", "Columns, or spans of times.", _TEXT),
    ("$having", "A condition on groups.", _TEXT),
    ("$order", "Columns with asc or desc; `:id` is the dataset's own order.", _TEXT),
    ("$limit", "Rows at most; 1000 unless told otherwise.", _WHOLE),
    ("$offset", "Rows to leave out.", _WHOLE),
    ("$q", "Words, all of which stand in texts of a row.", _TEXT),
    ("$query", "All clauses as one text.", _TEXT),
    ("cursor", "The place to go on from; part of the `Link`.", _TEXT),
    ("release", "The number of an earlier release.", _TEXT),
)


def fixed_paths() -> dict[str, Any]:
    """The addresses that are there whatever datasets there are."""
    resource = {"name": "resource", "in": "path", "required": True, "schema": _TEXT}
    suffix = {"name": "suffix", "in": "path", "required": True, "schema": {"enum": list(RECORDS)}}
    clauses = [_query(*clause) for clause in _CLAUSES]
    free = {"type": "object", "additionalProperties": _TEXT}
    columns = _query("columns", "A column and the value it must have.", free) | {"style": "form"}
    rows = {
        form.essence: {} if form.name == "json" else {"contentMediaType": form.essence} for form in RECORDS.values()
    }
    most = shared_limits().questions.catalogue_page
    listed = [_query("limit", "Datasets of a page.", _WHOLE | {"maximum": most})]
    search = [*listed, _query("offset", "Datasets to leave out.", _WHOLE), _query("q", "Words.", _TEXT)]
    more = _query("conditions", "Further conditions of the discovery API.", free) | {"style": "form"}
    return {
        "/resource/{resource}": _path("rows or groups", rows, [resource], [*clauses, columns]),
        "/resource/{resource}.{suffix}": _path("rows or groups", rows, [resource, suffix], [*clauses, columns]),
        "/api/views/{resource}": _path("a dataset with its columns", {_JSON: {"type": "object"}}, [resource]),
        "/api/views/metadata/v1": _path(
            "metadata of all datasets",
            {_JSON: {"type": "array"}},
            [],
            [*listed, _query("page", "Page, from 1.", _WHOLE)],
        ),
        "/api/views/metadata/v1/{resource}": _path("metadata of a dataset", {_JSON: {"type": "object"}}, [resource]),
        "/api/catalog/v1": _path("datasets by words and fields", {_JSON: {"type": "object"}}, [], [*search, more]),
    }


def _path(
    summary: str, bodies: dict[str, Any], places: list[dict[str, Any]], given: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    refused = {"description": "A refusal in Socrata's form.", "content": {_JSON: {"schema": _REFUSED}}}
    ok = {"description": "The answer.", "content": {media: {"schema": schema} for media, schema in bodies.items()}}
    responses = {"200": ok, "304": {"description": "The caller holds this representation."}}
    operation = {"summary": f"Socrata: {summary}", "responses": responses | dict.fromkeys(_STATUSES, refused)}
    return {"parameters": places, "get": operation | {"parameters": given or []}}


def _query(name: str, sentence: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": sentence, "schema": schema}
