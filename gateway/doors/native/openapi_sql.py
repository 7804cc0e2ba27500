"""The address of questions in SQL in the OpenAPI document: the functions that are offered among it."""

from __future__ import annotations

from typing import Any

from gateway.doors.native.openapi_parts import RELEASE
from gateway.sandbox.forms import SQL_FORMS
from gateway.sandbox.offered import offered

_TEXT: dict[str, Any] = {"type": "string"}
_REFUSALS = ("400", "401", "403", "404", "406", "413", "429", "503")
_SENTENCE = (
    "One SELECT (WITH, joins, set operations, subqueries, windows) over datasets by their ids, of the rows and columns "
    "the caller reads, with their masks. It is stopped when it takes more time or memory than the caller's tier has; "
    "`complete` says whether rows were cut off."
)


def sql_paths() -> dict[str, Any]:
    """The address, with both of its methods."""
    formats: dict[str, Any] = {"enum": list(SQL_FORMS)}
    contents = {
        form.essence: {"schema": {"$ref": "#/components/schemas/sql_answer"} if form.name == "json" else _TEXT}
        for form in SQL_FORMS.values()
    }
    refusals = {status: {"$ref": f"#/components/responses/{status}"} for status in _REFUSALS}
    responses = {"200": {"description": "The answer.", "content": contents}, **refusals}
    shared = {"tags": ["sql"], "description": f"{_SENTENCE}\n\n{_functions()}", "responses": responses}
    question = {"name": "sql", "in": "query", "required": True, "schema": _TEXT | {"example": "SELECT 1 AS a"}}
    named = {"name": "format", "in": "query", "schema": formats}
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/sql_question"}}}
    return {
        "/v1/sql": {
            "get": {
                "operationId": "sql_by_address",
                "summary": "A question in SQL, in the address",
                "parameters": [question, RELEASE, named],
                **shared,
            },
            "post": {
                "operationId": "sql",
                "summary": "A question in SQL",
                "requestBody": {"required": True, "content": body},
                **shared,
            },
        }
    }


def sql_schemas() -> dict[str, Any]:
    """The schemas of a question and of its answer as JSON."""
    column = {"type": "object", "properties": {"name": _TEXT, "type": _TEXT}, "required": ["name", "type"]}
    asked = {
        "sql": _TEXT | {"maxLength": offered().size.characters},
        "release": {"type": ["integer", "null"], "minimum": 1, "exclusiveMaximum": 10**9},
        "format": {"enum": [*SQL_FORMS, None]},
    }
    told = {
        "release": {"type": "integer"},
        "complete": {"type": "boolean", "description": "False when the answer has more rows than it may have."},
        "columns": {"type": "array", "items": column},
        "rows": {"type": "array", "items": {"type": "object"}},
    }
    return {
        "sql_question": {
            "type": "object",
            "properties": asked,
            "required": ["sql"],
            "additionalProperties": False,
        },
        "sql_answer": {"type": "object", "properties": told, "required": list(told)},
    }


def _functions() -> str:
    """The functions that may be called, group by group."""
    groups = offered().functions.items()
    return "\n".join(f"- {group}: {', '.join(f'`{name}`' for name in names)}" for group, names in groups)
