"""Operations of a dataset in the OpenAPI document, and how their parts are named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gateway.answers.forms import Form
from gateway.doors.native.openapi_parts import PROBLEM_RESPONSES
from gateway.query.parse import Limits
from gateway.view.view import View

_PLAIN = str.maketrans({".": "_", "/": "_", "{": None, "}": None})


@dataclass(frozen=True)
class Described:
    """What the document says about limits."""

    limits: Limits
    default_rows: int
    max_facets: int


def form_bodies(forms: Iterable[Form], schema: str) -> dict[str, Any]:
    """The bodies of an answer in these formats, by media type; JSON has a schema."""
    return {form.essence: {"schema": _body(form, schema)} for form in forms}


def suffix_parameter(forms: Iterable[Form]) -> dict[str, Any]:
    """The end of an address, which names the format of the answer."""
    names = [form.name for form in forms]
    return {"name": "suffix", "in": "path", "required": True, "schema": {"enum": names}}


def _body(form: Form, schema: str) -> dict[str, Any]:
    if form.writer is None:
        return {"$ref": f"#/components/schemas/{schema}"}
    return {"type": "string"} if form.essence.startswith("text/") else {"contentMediaType": form.essence}


def operation_of(view: View, name: str, ok: dict[str, Any]) -> dict[str, Any]:
    """The operation `name` of a dataset with its answers; a name is an address with its signs made plain."""
    refusals = {status: {"$ref": f"#/components/responses/{status}"} for status in PROBLEM_RESPONSES if status != "416"}
    return {
        "operationId": f"{view.dataset}_{name.translate(_PLAIN)}",
        "summary": f"{title_of(view)}: {name}",
        "tags": [view.dataset],
        "responses": {"200": ok, "304": {"description": "The caller holds this representation."}, **refusals},
    }


def component_of(view: View, parameter: str) -> str:
    """Name of a parameter's component. Component names are ASCII, column names need not be."""
    plain = "".join(sign if sign.isascii() and sign.isalnum() else f"-{ord(sign):x}-" for sign in parameter)
    return f"{view.dataset}.{plain}"


def title_of(view: View) -> str:
    """The title of a dataset in both languages."""
    return f"{view.facts.title.zh} {view.facts.title.en}"
