"""/openapi.json: the API described for this caller and this release, one set of addresses per visible dataset.

Generated from views, operators and the problem catalogue; there is no second list of anything to fall behind.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import dumps
from gateway.doors.deps import CallerDep, IdentifiedDep, ReleaseDep, ServicesDep
from gateway.doors.native.openapi_parts import (
    FIXED_PATHS,
    PROBLEM_RESPONSES,
    SCHEMAS,
    USAGE_OF_OWNERS,
    answer,
    description,
    parameters_of,
    row_schema,
)
from gateway.doors.openapi_identity import (
    SECURITY,
    SECURITY_SCHEMES,
    administration_of_stewards,
    asking_for_access,
    paths_of_identity,
    subscribing,
)
from gateway.doors.standards.openapi import catalogue_paths, document_paths
from gateway.query.parse import Limits
from gateway.release.opened import OpenRelease
from gateway.view.view import View
from gateway.web.answers import document_answer

router = APIRouter()

_PLAIN = str.maketrans("./", "__")


@router.api_route("/openapi.json", methods=["GET", "HEAD"])
async def openapi(
    request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep, identified: IdentifiedDep
) -> Response:
    """The OpenAPI 3.1 document."""
    views = release.views(caller.actor, caller.purpose)
    document = build(release, views, services.limits, services.settings.default_page_rows)
    if caller.actor.tier in ("T2", "T3", "T4"):
        document["paths"] |= USAGE_OF_OWNERS
    if identified.admin:
        administration = administration_of_stewards()
        document["paths"] |= administration["paths"]
        document["components"]["schemas"] |= administration["components"]["schemas"]
    return await document_answer(request, dumps(document), cache=services.cache_control(caller.actor))


def build(release: OpenRelease, views: list[View], limits: Limits, default_rows: int) -> dict[str, Any]:
    """The document for the datasets of these views."""
    city = release.catalog.city.title
    asking = asking_for_access()
    events = subscribing()
    paths = FIXED_PATHS | catalogue_paths() | paths_of_identity() | asking["paths"] | events["paths"]
    schemas = SCHEMAS | asking["components"]["schemas"] | events["components"]["schemas"]
    parameters = dict[str, Any]()
    for view in views:
        named = parameters_of(view, limits.max_rows, default_rows)
        parameters |= {_component(view, name): parameter for name, parameter in named.items()}
        schemas[f"{view.dataset}.row"] = row_schema(view)
        schemas[f"{view.dataset}.page"] = _page_schema(view)
        paths |= _paths(view, list(named))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{city.zh} {city.en}",
            "version": str(release.number),
            "description": description(limits, default_rows),
        },
        "tags": [{"name": view.dataset, "description": _title(view)} for view in views],
        "paths": paths,
        "security": SECURITY,
        "components": {
            "schemas": schemas,
            "parameters": parameters,
            "responses": PROBLEM_RESPONSES,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _paths(view: View, parameters: list[str]) -> dict[str, Any]:
    root = f"/v1/datasets/{view.dataset}"
    as_json = {"application/json": {"schema": {"$ref": f"#/components/schemas/{view.dataset}.page"}}}
    as_csv = {"text/csv": {"schema": {"type": "string"}}}
    shapes = {
        "rows": ((), as_json | as_csv),
        "rows.json": (("format", "bom"), as_json),
        "rows.csv": (("format",), as_csv),
        "rows/cost": (("cursor", "bom"), {"application/json": {"schema": {"$ref": "#/components/schemas/cost"}}}),
    }
    paths: dict[str, Any] = {
        root: {"get": _operation(view, "describe", answer("application/json", "#dataset"))},
        f"{root}/access": {"get": _operation(view, "access", answer("application/json", "#access"))},
        f"{root}/events.atom": {"get": _operation(view, "events", answer("application/atom+xml", None))},
        **document_paths(view, _operation),
    }
    if not view.readable:
        return paths
    for address, (left_out, content) in shapes.items():
        chosen = [{"$ref": f"#/components/parameters/{_component(view, n)}"} for n in parameters if n not in left_out]
        operation = _operation(view, address.translate(_PLAIN), {"description": view.facts.grain, "content": content})
        paths[f"{root}/{address}"] = {"get": operation | {"parameters": chosen}}
    paths[f"{root}/withdrawals"] = {"get": _operation(view, "withdrawals", answer("application/json", None))}
    for file in view.distributions:
        operation = _operation(view, f"file_{file.format}", answer(file.media_type, None))
        operation["responses"]["206"] = operation["responses"]["200"] | {"description": "The asked range of bytes."}
        operation["responses"]["416"] = {"$ref": "#/components/responses/416"}
        paths[f"{root}/files/{file.name}"] = {"get": operation}
    return paths


def _operation(view: View, name: str, ok: dict[str, Any]) -> dict[str, Any]:
    refusals = {status: {"$ref": f"#/components/responses/{status}"} for status in PROBLEM_RESPONSES if status != "416"}
    return {
        "operationId": f"{view.dataset}_{name}",
        "summary": f"{_title(view)}: {name}",
        "tags": [view.dataset],
        "responses": {"200": ok, "304": {"description": "The caller holds this representation."}, **refusals},
    }


def _page_schema(view: View) -> dict[str, Any]:
    row = {"$ref": f"#/components/schemas/{view.dataset}.row"}
    page: dict[str, Any] = SCHEMAS["page"]
    return page | {"properties": page["properties"] | {"rows": {"type": "array", "items": row}}}


def _component(view: View, parameter: str) -> str:
    """Component names are ASCII, column names need not be."""
    plain = "".join(sign if sign.isascii() and sign.isalnum() else f"-{ord(sign):x}-" for sign in parameter)
    return f"{view.dataset}.{plain}"


def _title(view: View) -> str:
    return f"{view.facts.title.zh} {view.facts.title.en}"
