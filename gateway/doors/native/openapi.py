"""/openapi.json: the API described for this caller and this release, one set of addresses per visible dataset.

Generated from views, operators and the problem catalogue; there is no second list of anything to fall behind.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from fastapi import APIRouter, Request, Response

from catalog.policy.model import Action
from gateway.answers.forms import forms_of
from gateway.answers.json_rows import dumps
from gateway.codes.openapi import code_paths
from gateway.doors.deps import Caller, CallerDep, IdentifiedDep, ReleaseDep, ServicesDep
from gateway.doors.facades.openapi import dataset_facade_paths, facade_paths
from gateway.doors.native.openapi_groups import change_path, group_components, group_paths, group_schemas, introduction
from gateway.doors.native.openapi_operations import (
    Described,
    component_of,
    form_bodies,
    operation_of,
    suffix_parameter,
    title_of,
)
from gateway.doors.native.openapi_parts import (
    FIXED_PATHS,
    PROBLEM_RESPONSES,
    RELEASE,
    SCHEMAS,
    USAGE_OF_OWNERS,
    answer,
    description,
    parameters_of,
    row_schema,
)
from gateway.doors.native.openapi_sql import sql_paths, sql_schemas
from gateway.doors.native.openapi_verify import verify_path, verify_schemas
from gateway.doors.native.verify import verification_limits
from gateway.doors.openapi_identity import (
    SECURITY,
    SECURITY_SCHEMES,
    administration_of_stewards,
    asking_for_access,
    paths_of_identity,
    subscribing,
)
from gateway.doors.standards.openapi import catalogue_paths, document_paths
from gateway.portal.form import NOT_HERE
from gateway.release.opened import OpenRelease
from gateway.view.view import View
from gateway.web.answers import document_answer

router = APIRouter()


@router.api_route("/openapi.json", methods=["GET", "HEAD"])
async def openapi(
    request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep, identified: IdentifiedDep
) -> Response:
    """The OpenAPI 3.1 document, written in a thread and kept: that of a large city takes long."""
    views = release.views(caller.actor, caller.purpose)
    summed, compared = _views(release, caller, "aggregate"), _views(release, caller, "verify")
    limits = Described(services.limits, services.settings.default_page_rows, services.settings.max_facets)
    owner, verification = caller.actor.tier in ("T2", "T3", "T4"), verification_limits(services)

    def write() -> bytes:
        document = build(release, views, summed, limits)
        for view in compared:
            document["paths"] |= verify_path(view, release.datasets[view.dataset].entry.key, verification)
        document["paths"] |= USAGE_OF_OWNERS if owner else {}
        if identified.admin:
            administration = administration_of_stewards()
            document["paths"] |= administration["paths"]
            document["components"]["schemas"] |= administration["components"]["schemas"]
        return dumps(document)

    seen = tuple(tuple(map(_seen, found)) for found in (views, summed, compared))
    known = (release.number, release.manifest.published_at, owner, identified.admin, repr(verification))
    body = await services.library.document(("openapi", known, seen), write)
    return await document_answer(request, body, cache=services.cache_control(caller.actor))


def _views(release: OpenRelease, caller: Caller, action: Action) -> list[View]:
    found = (release.view(name, caller.actor, caller.purpose, action) for name in release.datasets)
    return [view for view in found if view is not None]


def _seen(view: View) -> tuple[Hashable, ...]:
    """What tells a view, as far as it is described, from any other of the release."""
    return view.dataset, view.policy, view.edition, view.readable, tuple(file.name for file in view.distributions)


def build(release: OpenRelease, views: list[View], summed: list[View], described: Described) -> dict[str, Any]:
    """The document for the datasets of these views; `summed` are those that may be aggregated, as they may be."""
    limits, default_rows = described.limits, described.default_rows
    city = release.catalog.city.title
    asking = asking_for_access()
    events = subscribing()
    facades = facade_paths(release.catalog.city, views)
    paths = FIXED_PATHS | catalogue_paths() | facades | paths_of_identity() | asking["paths"] | events["paths"]
    paths |= sql_paths() | code_paths(release.catalog.city, views, RELEASE)
    schemas = SCHEMAS | group_schemas() | asking["components"]["schemas"] | events["components"]["schemas"]
    schemas |= sql_schemas() | verify_schemas()
    parameters = dict[str, Any]()
    for view in summed:
        parameters |= group_components(view, described)
    for view in views:
        named = parameters_of(view, limits.max_rows, default_rows)
        parameters |= {component_of(view, name): parameter for name, parameter in named.items()}
        schemas[f"{view.dataset}.row"] = row_schema(view)
        schemas[f"{view.dataset}.page"] = _page_schema(view)
        paths |= _paths(view, list(named)) | dataset_facade_paths(view)
        if view.readable:
            paths |= change_path(view, described)
    for view in summed:
        paths |= group_paths(view)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{city.zh} {city.en}",
            "version": str(release.number),
            "description": f"{description(limits, default_rows)}\n\n{introduction()}",
        },
        "tags": [{"name": view.dataset, "description": title_of(view)} for view in views],
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
    forms = forms_of(view.columns)
    bodies = form_bodies(forms, f"{view.dataset}.page")
    shapes: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
        "rows": ((), bodies),
        "rows.{suffix}": (("format",), bodies),
        "rows/cost": (
            ("cursor", "bom", "total"),
            {"application/json": {"schema": {"$ref": "#/components/schemas/cost"}}},
        ),
    }
    paths: dict[str, Any] = {
        root: {
            "get": operation_of(view, "describe", answer("application/json", "#dataset")) | {"parameters": [RELEASE]}
        },
        f"{root}/access": {"get": operation_of(view, "access", answer("application/json", "#access"))},
        f"{root}/events.atom": {"get": operation_of(view, "events", answer("application/atom+xml", None))},
        **document_paths(view, operation_of),
    }
    page = [RELEASE] if not view.readable else _references(view, [n for n in parameters if n not in NOT_HERE])
    paths[f"/datasets/{view.dataset}"] = {
        "get": operation_of(view, "page", answer("text/html", None)) | {"parameters": page}
    }
    if not view.readable:
        return paths
    for address, (left_out, content) in shapes.items():
        chosen = _references(view, [name for name in parameters if name not in left_out])
        operation = operation_of(view, address, {"description": view.facts.grain, "content": content})
        suffix = [suffix_parameter(forms)] if "{suffix}" in address else []
        paths[f"{root}/{address}"] = {"get": operation | {"parameters": [*suffix, *chosen]}}
    paths[f"{root}/withdrawals"] = {"get": operation_of(view, "withdrawals", answer("application/json", None))}
    for file in view.distributions:
        operation = operation_of(view, f"file_{file.format}", answer(file.media_type, None))
        operation["responses"]["206"] = operation["responses"]["200"] | {"description": "The asked range of bytes."}
        operation["responses"]["416"] = {"$ref": "#/components/responses/416"}
        paths[f"{root}/files/{file.name}"] = {"get": operation | {"parameters": [RELEASE]}}
    return paths


def _references(view: View, names: Iterable[str]) -> list[dict[str, Any]]:
    return [{"$ref": f"#/components/parameters/{component_of(view, name)}"} for name in names]


def _page_schema(view: View) -> dict[str, Any]:
    row = {"$ref": f"#/components/schemas/{view.dataset}.row"}
    page: dict[str, Any] = SCHEMAS["page"]
    return page | {"properties": page["properties"] | {"rows": {"type": "array", "items": row}}}
