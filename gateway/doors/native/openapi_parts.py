"""The parts the OpenAPI document is put together from: parameters, schemas, problem answers, fixed addresses."""

from __future__ import annotations

from typing import Any

from gateway.answers.forms import FORMS
from gateway.problems import CATALOGUE, InternalError, NoRelease
from gateway.query.geometry import WHERES, point_of
from gateway.query.operators import EQUALS, OPERATORS, operators_of
from gateway.query.parse import Limits
from gateway.query.search import SENTENCE, searched
from gateway.view.types import Family
from gateway.view.view import View

_PROBLEM_REF = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}}
_TEXT: dict[str, Any] = {"type": "string"}
_TITLE = {"type": "object", "properties": {"zh": _TEXT, "en": _TEXT}, "required": ["zh", "en"]}


def description(limits: Limits, default_rows: int) -> str:
    """The introduction, with one line per operator."""
    operators = "\n".join(
        f"- `column__{operator.name}` ({operator.arity.value}): {operator.sentence}" for operator in OPERATORS.values()
    )
    return (
        "Filters are query parameters `column=value` or `column__operator=value`; all must hold.\n\n"
        f"{operators}\n\n"
        f"A page has {default_rows} rows unless `limit` says otherwise (at most {limits.max_rows}). Follow the link "
        '`rel="next"`, or the member `next`, until `complete` is true: the walk gives every row exactly once, all from '
        "one release. Formats other than JSON give every row in one answer unless `limit` is given. Rows "
        "without a value come last in any order; text is ordered by its first 200 characters. Dates and times are "
        "ISO 8601 local times without zone; decimals are JSON numbers with all their places, to be read as decimals "
        "where cents matter."
    )


RELEASE: dict[str, Any] = {
    "name": "release",
    "in": "query",
    "description": "Number of an earlier release, seen under today's policy; the current one unless given.",
    "schema": {"type": "integer", "minimum": 1},
}


def parameters_of(view: View, max_rows: int, default_rows: int) -> dict[str, dict[str, Any]]:
    """Every parameter of the rows addresses, by name."""
    names = [column.name for column in view.columns]
    sortable = [column.name for column in view.columns if column.kind.family is not Family.NESTED]
    found = [
        _list("select", "Columns of the answer, comma separated; all unless given.", names),
        _list(
            "order", "Columns to order by, `-` in front for descending.", [s + n for n in sortable for s in ("", "-")]
        ),
        _parameter(
            "limit", "Rows of a page.", {"type": "integer", "minimum": 1, "maximum": max_rows, "default": default_rows}
        ),
        _parameter("cursor", "The place to go on from; part of the next link.", _TEXT),
        _parameter(
            "total",
            "How many rows there are in all: counted, or estimated where that is quick enough; see CivicLake-Total.",
            {"enum": ["exact", "estimate", "none"], "default": "none"},
        ),
        RELEASE,
        _parameter(
            "format", "Format of the answer, before any Accept header.", {"enum": [f.name for f in FORMS.values()]}
        ),
        _parameter(
            "bom", "CSV with a byte order mark, for spreadsheet programs.", {"type": "boolean", "default": False}
        ),
    ]
    named = {parameter["name"]: parameter for parameter in found}
    return named | {name: entry for name, entry in condition_parameters(view).items() if name not in named}


def condition_parameters(view: View) -> dict[str, dict[str, Any]]:
    """Every condition on a column, by the name of its parameter; `column=value` where no other parameter has it."""
    found: dict[str, dict[str, Any]] = {}
    for column in view.columns:
        for operator in operators_of(column.kind):
            entry = operator.parameter(column.name, column.kind)
            if operator is EQUALS:
                found[column.name] = entry | {"name": column.name}
            found[entry["name"]] = entry
    for name, (sentence, example) in _whole_row_parameters(view).items():
        found[name] = _parameter(name, sentence, _TEXT) | ({"example": example} if example else {})
    return found


def _whole_row_parameters(view: View) -> dict[str, tuple[str, str | None]]:
    """Sentence and example of the conditions that are about no single column, where the view can take them."""
    found: dict[str, tuple[str, str | None]] = {"q": (SENTENCE, None)} if searched(view) else {}
    if point_of(view) is not None:
        found |= {where.name: (where.sentence, where.example) for where in WHERES.values()}
    return found


def row_schema(view: View) -> dict[str, Any]:
    """One row as a JSON object; `select` leaves members out, so none is required."""
    return {
        "type": "object",
        "title": f"{view.facts.title.zh} {view.facts.title.en}",
        "description": view.facts.description,
        "properties": {column.name: _column_schema(view, column.name) for column in view.columns},
        "additionalProperties": False,
    }


def answer(media_type: str, schema: str | None, *bytes_of: str) -> dict[str, Any]:
    """A 200 answer of a media type (`schema` is `#name` of a component, None for bytes), or as `bytes_of` others."""
    content: dict[str, Any] = {kind: {"schema": {"contentMediaType": kind}} for kind in (media_type, *bytes_of)}
    if schema:
        content[media_type] = {"schema": {"$ref": f"#/components/schemas/{schema[1:]}"}}
    return {"description": "The answer.", "content": content}


def _column_schema(view: View, name: str) -> dict[str, Any]:
    column = view.column(name)
    if column is None:
        raise KeyError(name)
    schema = column.kind.json_schema
    if column.nullable and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    title = f"{column.title.zh} {column.title.en}"
    return schema | {
        "title": title,
        "description": " ".join(filter(None, [column.description, schema.get("description")])),
    }


def _parameter(name: str, sentence: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": sentence, "schema": schema}


def _list(name: str, sentence: str, values: list[str]) -> dict[str, Any]:
    schema = {"type": "array", "items": {"enum": values}, "uniqueItems": True, "minItems": 1}
    return _parameter(name, sentence, schema) | {"style": "form", "explode": False}


def _responses() -> dict[str, Any]:
    """One answer per status that a caller can cause, naming the problems behind it."""
    by_status: dict[str, list[str]] = {}
    for kind, entry in CATALOGUE.items():
        if kind is not InternalError:
            by_status.setdefault(str(entry.status), []).append(f"`{entry.code}`: {entry.title}.")
    return {
        status: {"description": " ".join(lines), "content": _PROBLEM_REF} for status, lines in sorted(by_status.items())
    }


def fixed(summary: str, ok: dict[str, Any], *refusals: str) -> dict[str, Any]:
    """An address that does not depend on datasets, with the statuses of its refusals."""
    references = {status: {"$ref": f"#/components/responses/{status}"} for status in refusals}
    return {"get": {"summary": summary, "responses": {"200": ok, **references}}}


def _with_release(path: dict[str, Any]) -> dict[str, Any]:
    return path | {"parameters": [RELEASE]}


PROBLEM_RESPONSES: dict[str, Any] = _responses()
SCHEMAS: dict[str, Any] = {
    "problem": {
        "type": "object",
        "description": "RFC 9457 problem document.",
        "properties": {
            **dict.fromkeys(("type", "title", "detail", "instance", "code", "hint", "request_id"), _TEXT),
            "status": {"type": "integer"},
        },
        "required": ["type", "title", "status", "detail", "code", "request_id"],
    },
    "page": {
        "type": "object",
        "properties": {
            "dataset": _TEXT,
            "release": {"type": "integer"},
            "complete": {"type": "boolean", "description": "True when no row follows this page."},
            "next": {"type": ["string", "null"], "description": "Address of the next page."},
            "rows": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["dataset", "release", "complete", "next", "rows"],
    },
    "cost": {
        "type": "object",
        "description": "What the query would take from the caller's quota, and what that is made from.",
        "properties": {
            "units": {"type": "integer"},
            **{name: {"type": "integer"} for name in ("rows_read", "rows_answered", "columns")},
            **{name: {"type": "boolean"} for name in ("in_stored_order", "rows_known")},
            "quota": {"type": ["object", "null"], "description": "What the caller may use in a minute."},
        },
        "required": ["units", "quota"],
    },
    "usage": {
        "type": "object",
        "properties": {
            **{name: {"type": "string", "format": "date"} for name in ("since", "until")},
            **{name: {"type": "array", "items": {"type": "object"}} for name in ("totals", "newest")},
        },
        "required": ["since", "until", "totals", "newest"],
    },
    "dataset": {
        "type": "object",
        "properties": {"id": _TEXT, "title": _TITLE, "grain": _TEXT, "row_count": {"type": ["integer", "null"]}},
        "required": ["id", "title", "grain", "row_count"],
    },
    "access": {
        "type": "object",
        "properties": {
            "dataset": _TEXT,
            "tier": _TEXT,
            "rows": {"enum": ["all", "some", "none"], "description": "Which rows the caller sees."},
            "columns": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": _TEXT,
                        "title": _TITLE,
                        "seen": {"enum": ["clear", "masked", "aggregate", "verify", "described"]},
                        "rules": {"type": "array", "items": {"$ref": "#/components/schemas/rule"}},
                    },
                    "required": ["name", "title", "seen", "rules"],
                },
            },
            "more": {"type": "array", "items": _TITLE, "description": "Ways to more, the same for every dataset."},
        },
        "required": ["dataset", "tier", "rows", "columns", "more"],
    },
    "rule": {
        "type": "object",
        "properties": {"id": _TEXT, "reason": _TITLE},
        "required": ["id", "reason"],
    },
    "datasets": {
        "type": "object",
        "properties": {"datasets": {"type": "array", "items": {"$ref": "#/components/schemas/dataset"}}},
        "required": ["datasets"],
    },
    "releases": {
        "type": "object",
        "properties": {
            "releases": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "number": {"type": "integer"},
                        "published_at": _TEXT,
                        "current": {"type": "boolean"},
                        "links": {"type": "object"},
                    },
                    "required": ["number", "published_at", "current", "links"],
                },
            }
        },
        "required": ["releases"],
    },
    "health": {
        "type": "object",
        "properties": {
            "status": {"enum": ["ok", "behind", "closed", "waiting"]},
            "release": {"type": ["integer", "null"]},
        },
        "required": ["status", "release"],
    },
}
_JSON, _NO_RELEASE = "application/json", str(CATALOGUE[NoRelease].status)
_DAY = {"type": "string", "format": "date"}
_USAGE = {
    "parameters": [
        _parameter("dataset", "One dataset; all unless given.", _TEXT),
        _parameter("since", "First day, of UTC; 30 days before the last unless given.", _DAY),
        _parameter("until", "Last day, of UTC; today unless given.", _DAY),
    ]
}
FIXED_PATHS: dict[str, Any] = {
    "/": fixed("The page for people; JSON for programs", answer("text/html", None, _JSON)),
    "/healthz": fixed("Whether the server can answer, and from which release", answer(_JSON, "#health"), _NO_RELEASE),
    "/problems": fixed("Every problem type", answer(_JSON, None)),
    "/problems/{code}": fixed("One problem type", answer(_JSON, None), "404")
    | {"parameters": [{"name": "code", "in": "path", "required": True, "schema": _TEXT}]},
    "/openapi.json": fixed("This document", answer(_JSON, None), _NO_RELEASE),
    "/.well-known/http-message-signatures-directory": fixed(
        "The keys that signed receipts are checked with",
        answer("application/http-message-signatures-directory+json", None),
        "400",
    ),
    "/v1/me/usage": fixed("What the caller used", answer(_JSON, "#usage"), "400", "403") | _USAGE,
    "/v1/feeds/events.atom": fixed(
        "What happened to datasets, as an Atom feed", answer("application/atom+xml", None), "400", _NO_RELEASE
    ),
    "/v1/datasets": _with_release(fixed("Every dataset", answer(_JSON, "#datasets"), "400", "404", _NO_RELEASE)),
    "/v1/releases": fixed("Every release that can be read", answer(_JSON, "#releases"), "400", _NO_RELEASE),
}
USAGE_OF_OWNERS: dict[str, Any] = {
    "/v1/admin/usage": fixed("Who used the caller's own datasets", answer(_JSON, "#usage"), "400", "404") | _USAGE,
}
"""For those who own datasets, and for stewards."""
