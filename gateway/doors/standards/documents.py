"""/v1/datasets/{id}/…: one dataset as a package, a contract, a search engine's record, a government resource."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.answers.json_rows import MEDIA_TYPE, dumps
from gateway.doors.deps import Caller, CallerDep, DescribedDep, ExportedDep, ReleaseDep, only_parameters
from gateway.doors.standards.common import answer, entries_of
from gateway.standards import core_metadata, croissant, frictionless, schema_org
from gateway.standards.contract import contract_yaml
from gateway.standards.entry import Entry

router = APIRouter()


async def _entry(request: Request, view: DescribedDep, release: ReleaseDep) -> Entry:
    only_parameters(request, ("release",))
    return (await entries_of(request, release, [view]))[0]


async def _loadable(request: Request, view: ExportedDep, release: ReleaseDep) -> Entry:
    only_parameters(request, ("release",))
    return (await entries_of(request, release, [view]))[0]


EntryDep = Annotated[Entry, Depends(_entry)]
"""The dataset for what is told about it."""
LoadableDep = Annotated[Entry, Depends(_loadable)]
"""The dataset for programs that go on to load all of it."""
_JSON_LD, _YAML = "application/ld+json", "application/yaml; charset=utf-8"


@router.api_route("/v1/datasets/{dataset}/datapackage.json", methods=["GET", "HEAD"])
async def data_package(request: Request, caller: CallerDep, entry: LoadableDep) -> Response:
    """The dataset as a Data Package."""
    return await _answer(request, caller, entry, lambda e: dumps(frictionless.data_package(e)), MEDIA_TYPE)


@router.api_route("/v1/datasets/{dataset}/croissant.json", methods=["GET", "HEAD"])
async def for_machine_learning(request: Request, caller: CallerDep, entry: LoadableDep) -> Response:
    """The dataset in Croissant."""
    return await _answer(request, caller, entry, lambda e: dumps(croissant.croissant(e)), _JSON_LD)


@router.api_route("/v1/datasets/{dataset}/schema-org.jsonld", methods=["GET", "HEAD"])
async def for_search_engines(request: Request, caller: CallerDep, entry: EntryDep) -> Response:
    """The dataset in the words of schema.org."""
    return await _answer(request, caller, entry, lambda e: dumps(schema_org.dataset(e)), _JSON_LD)


@router.api_route("/v1/datasets/{dataset}/core-metadata.json", methods=["GET", "HEAD"])
async def as_resource(request: Request, caller: CallerDep, entry: EntryDep) -> Response:
    """The dataset as a government information resource."""
    return await _answer(request, caller, entry, lambda e: dumps(core_metadata.core_metadata(e)), MEDIA_TYPE)


@router.api_route("/v1/datasets/{dataset}/contract.yaml", methods=["GET", "HEAD"])
async def data_contract(request: Request, caller: CallerDep, entry: EntryDep) -> Response:
    """The dataset as a data contract."""
    return await _answer(request, caller, entry, contract_yaml, _YAML)


async def _answer(
    request: Request, caller: Caller, entry: Entry, write: Callable[[Entry], bytes], media_type: str
) -> Response:
    what = request.url.path.rpartition("/")[2]
    return await answer(request, caller, [entry], what=what, write=lambda: write(entry), media_type=media_type)
