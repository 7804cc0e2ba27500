"""The address of verification in the OpenAPI document: only for whoever may name a row and compare something of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.policy.model import VerificationLimits
from gateway.doors.native.openapi_operations import operation_of
from gateway.doors.native.openapi_parts import answer
from gateway.query.operators import EQUALS
from gateway.view.view import Column, View

_SENTENCE = (
    "Tells of each claim whether it is the value of one row, and shows no value. `no-match` is also the answer where "
    "there is no such row, or none the caller may ask about, and where the row has no value. Outer blanks and the "
    "width of signs do not count."
)


def verify_path(view: View, keys: Sequence[str], limits: VerificationLimits) -> dict[str, Any]:
    """The address for a view of the action verify; `keys` are the columns of the dataset's key."""
    claimable = [c for c in view.columns if c.name not in keys and EQUALS.fits(c.kind)]
    named = [column for name in keys if (column := view.column(name)) is not None]
    if len(named) < len(keys) or not claimable:
        return {}
    key = {column.name: _said(column) for column in named}
    claims = {column.name: _said(column) for column in claimable}
    body = {
        "key": _object(key) | {"required": list(keys)},
        "claims": _object(claims) | {"minProperties": 1, "maxProperties": limits.claims},
        "release": {"type": ["integer", "null"], "minimum": 1, "exclusiveMaximum": 10**9},
    }
    operation = operation_of(view, "verify", answer("application/json", "#verification"))
    operation["responses"].pop("304")
    operation["responses"]["413"] = {"$ref": "#/components/responses/413"}
    content = {"application/json": {"schema": _object(body) | {"required": ["key", "claims"]}}}
    told = {"description": _told(limits), "requestBody": {"required": True, "content": content}}
    return {f"/v1/datasets/{view.dataset}/verify": {"post": operation | told}}


def verify_schemas() -> dict[str, Any]:
    """The schema of the answer."""
    told = {
        "dataset": {"type": "string"},
        "release": {"type": "integer"},
        "claims": {"type": "object", "additionalProperties": {"enum": ["match", "no-match"]}},
    }
    return {"verification": {"type": "object", "properties": told, "required": list(told)}}


def _said(column: Column) -> dict[str, Any]:
    """A value may be written as its type is in JSON, or as text."""
    return {"type": ["string", "number", "boolean"], "description": f"A value of type {column.kind.name}, or its text."}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _told(limits: VerificationLimits) -> str:
    return (
        f"{_SENTENCE} At most {limits.claims} claims at a time, {limits.row_questions_per_month} questions in 30 days "
        f"about one row and {limits.dataset_questions_per_day} a day of the dataset, for all keys of an "
        "organisation together."
    )
