"""The addresses of groups, values, facets and totals in the OpenAPI document: parameters, schemas, answers."""

from __future__ import annotations

from typing import Any

from gateway.answers.forms import FORMS, forms_of
from gateway.doors.native.openapi_operations import Described, component_of, form_bodies, operation_of, suffix_parameter
from gateway.doors.native.openapi_parts import RELEASE, condition_parameters
from gateway.query.buckets import BUCKETS, buckets_of
from gateway.query.grouping import ROWS
from gateway.query.measures import MEASURES, measures_of
from gateway.query.parse import RESERVED
from gateway.query.parse_groups import DEFAULT_TOP
from gateway.view.types import Family
from gateway.view.view import View

_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_BASIS = {
    "enum": ["rows", "large groups"],
    "description": "`rows`: what could be reckoned from rows the caller may read. `large groups`: groups of few rows, "
    "and others by which these could be found, are withheld.",
}
_WITHHELD = _FLAG | {"description": "Whether groups are left out because they are too small to be told."}


_IMAGES: dict[str, Any] = {name: {"type": ["object", "null"]} for name in ("before", "after")}


def change_path(view: View, described: Described) -> dict[str, Any]:
    """The address of what changed in a dataset since an earlier release."""
    page = {"type": "integer", "minimum": 1, "maximum": described.limits.max_rows, "default": described.default_rows}
    since = RELEASE | {"name": "since", "required": True, "description": "Number of the release to compare with."}
    parameters = [
        since,
        RELEASE,
        _parameter("limit", "Changes of a page.", page),
        _parameter("cursor", "The place to go on from; part of the next link.", _TEXT),
    ]
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/changes"}}}
    operation = operation_of(view, "changes", {"description": "What came, went or changed, by key.", "content": body})
    return {f"/v1/datasets/{view.dataset}/changes": {"get": operation | {"parameters": parameters}}}


def group_components(view: View, described: Described) -> dict[str, dict[str, Any]]:
    """The parameters of these addresses, by the names of their components."""
    conditions = condition_parameters(view)
    found = {_condition(view, name): parameter for name, parameter in conditions.items()}
    own = _own_parameters(view, described.limits.max_rows, described.default_rows, described.max_facets)
    return found | {_component(view, name): parameter for name, parameter in own.items()}


def group_paths(view: View) -> dict[str, Any]:
    """The addresses of a dataset as it may be aggregated."""
    root = f"/v1/datasets/{view.dataset}"
    forms = forms_of(view.columns)
    found: dict[str, Any] = {}
    for address, (names, schema) in ADDRESSES.items():
        offered = forms if "format" in names else [form for form in forms if form.writer is None]
        found[f"{root}/{address}"] = _get(view, address, names, form_bodies(offered, schema))
    names, schema = ADDRESSES["aggregate"]
    address = "aggregate.{suffix}"
    kept = tuple(name for name in names if name != "format")
    found[f"{root}/{address}"] = _get(view, address, kept, form_bodies(forms, schema))
    found[f"{root}/{address}"]["get"]["parameters"].insert(0, suffix_parameter(forms))
    return found


def _get(view: View, address: str, names: tuple[str, ...], body: dict[str, Any]) -> dict[str, Any]:
    taken = {_SHARED.get(name, name) for name in names}
    own = [_component(view, name) for name in names]
    conditions = [_condition(view, name) for name in condition_parameters(view) if name not in taken]
    parameters = [{"$ref": f"#/components/parameters/{name}"} for name in (*own, *conditions)]
    operation = operation_of(view, address, {"description": view.facts.grain, "content": body})
    return {"get": operation | {"parameters": parameters}}


def _condition(view: View, name: str) -> str:
    """A condition's component, which rows use as well where no other parameter of theirs has the name."""
    return f"{view.dataset}.columns.{name}" if name in RESERVED else component_of(view, name)


def _component(view: View, name: str) -> str:
    """Apart from the components of conditions, of which none has this second dot."""
    return f"{view.dataset}.groups.{name}"


def _own_parameters(view: View, max_rows: int, default_rows: int, max_facets: int) -> dict[str, dict[str, Any]]:
    """Every parameter of these addresses besides conditions, by the name it is kept under."""
    keys = [column.name for column in view.columns if column.kind.family is not Family.NESTED]
    spans = [f"{column.name}__{bucket.name}" for column in view.columns for bucket in buckets_of(column.kind)]
    figures = [f"{column.name}__{measure.name}" for column in view.columns for measure in measures_of(column.kind)]
    page = {"type": "integer", "minimum": 1, "maximum": max_rows}
    found = (
        _listed(
            "group",
            "Columns and time spans to group by, comma separated; none: all rows are one group.",
            [*keys, *spans],
        ),
        _listed("measure", "Figures of each group, comma separated.", [ROWS, *figures], default=[ROWS]),
        _parameter(
            "having",
            "A condition on a name of the answer, such as count__ge=5; may be repeated.",
            {"type": "array", "items": _TEXT},
        )
        | {"style": "form", "explode": True},
        _parameter(
            "group_order", "Names of the answer to order by, comma separated, `-` in front for descending.", _TEXT
        ),
        _parameter("groups", "Groups of a page.", page | {"default": default_rows}),
        _parameter("column", "The column or time span whose values are asked for.", {"enum": [*keys, *spans]})
        | {"required": True},
        _listed("facets", f"Columns and time spans, comma separated, at most {max_facets}.", [*keys, *spans])
        | {"required": True},
        RELEASE,
        _parameter("cursor", "The place to go on from; part of the next link.", _TEXT),
        _parameter(
            "format", "Format of the answer, before any Accept header.", {"enum": [f.name for f in FORMS.values()]}
        ),
        _parameter("bom", "CSV with a byte order mark, for spreadsheet programs.", _FLAG | {"default": False}),
        _parameter("total", "Whether an estimate is enough.", {"enum": ["exact", "estimate"], "default": "exact"}),
        _parameter("top", "Values of each facet.", page | {"default": DEFAULT_TOP}),
        _parameter(
            "own",
            "Whether a facet obeys the conditions on its own column.",
            {"enum": ["apply", "ignore"], "default": "apply"},
        ),
    )
    return {p["name"]: p | {"name": _SHARED.get(p["name"], p["name"])} for p in found}


ADDRESSES: dict[str, tuple[tuple[str, ...], str]] = {
    "aggregate": (
        ("group", "measure", "having", "group_order", "groups", "cursor", "format", "bom", "release"),
        "groups",
    ),
    "distinct": (("column", "group_order", "groups", "cursor", "format", "bom", "release"), "values"),
    "facets": (("facets", "top", "own", "release"), "facets"),
    "count": (("total", "release"), "count"),
}
"""By address its parameters besides conditions, by the names they are kept under, and the schema of its answer."""

_SHARED = {"group_order": "order", "groups": "limit"}  # names by which parameters are kept, and those they have


def introduction() -> str:
    """What can be grouped by and measured, a line for each."""
    lines = [f"- `column__{bucket.name}`: {bucket.sentence}" for bucket in BUCKETS.values()]
    lines += [f"- `column__{measure.name}`: {measure.sentence}" for measure in MEASURES.values()]
    forms = "\n".join(f"- `{form.name}` ({form.essence}): {form.sentence}" for form in FORMS.values())
    return (
        f"Groups are laid by columns and by spans of time, and have measures:\n\n{chr(10).join(lines)}\n\n"
        f"`{ROWS}` alone counts rows. Formats, by suffix, by the parameter `format` or by Accept:\n\n{forms}\n\n"
        "All formats but JSON give everything unless `limit` is given; nothing is ever cut without CivicLake-Complete "
        "saying false."
    )


def group_schemas() -> dict[str, Any]:
    """Schemas of the answers."""
    head = {"dataset": _TEXT, "release": {"type": "integer"}}
    page = head | {"basis": _BASIS, "withheld": _WITHHELD, "complete": _FLAG, "next": {"type": ["string", "null"]}}
    value = {
        "type": "object",
        "properties": {"value": {}, "count": {"type": "integer"}},
        "required": ["value", "count"],
    }
    facet = {"column": _TEXT, "basis": _BASIS, "withheld": _WITHHELD, "complete": _FLAG, "values": _array(value)}
    total = {"count": {"type": ["integer", "null"]}, "kind": {"enum": ["exact", "estimate", None]}}
    return {
        "changes": _object(
            head
            | {
                "since": {"type": "integer"},
                "key": _array(_TEXT),
                "columns_added": _array(_TEXT),
                "columns_removed": _array(_TEXT),
                "withdrawals": _TEXT,
                "complete": _FLAG,
                "next": {"type": ["string", "null"]},
                "changes": _array(_object({"change": {"enum": ["insert", "update", "delete"]}} | _IMAGES)),
            }
        ),
        "groups": _object(page | {"groups": _array({"type": "object"})}),
        "values": _object(page | {"values": _array({})}),
        "facets": _object(head | {"facets": _array(_object(facet))}),
        "count": _object(head | {"basis": _BASIS, "withheld": _WITHHELD} | total),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _listed(name: str, sentence: str, values: list[str], **more: Any) -> dict[str, Any]:
    schema = {"type": "array", "items": {"enum": values}, "uniqueItems": True, "minItems": 1, **more}
    return _parameter(name, sentence, schema) | {"style": "form", "explode": False}


def _parameter(name: str, sentence: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": sentence, "schema": schema}
