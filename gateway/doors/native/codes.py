"""/v1/codes/{code}: the thing with a city code, found by it or by another code, as far as the caller sees each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response

from catalog.city_codes import CityCodes, CodePart, is_city_code, is_city_code_shaped
from gateway.answers.forms import FORMS
from gateway.answers.json_rows import dumps
from gateway.audit.record import AccessRecord
from gateway.codes.questions import MOST_MATCHES, SEPARATOR, Found, rows_with, written
from gateway.codes.symbol import symbol
from gateway.doors.deps import Caller, CallerDep, ReleaseDep, ServicesDep, only_parameters, visible
from gateway.doors.native.rows import note_on
from gateway.doors.standards.common import origin_of
from gateway.problems import NotFound, NotPermitted
from gateway.query.compile import compile_page
from gateway.query.tree import Query
from gateway.quota.admission import record_of
from gateway.quota.cost import estimate
from gateway.quota.meter import Price
from gateway.release.opened import OpenRelease
from gateway.services import Services
from gateway.view.view import View
from gateway.web.answers import document_answer
from gateway.web.disconnect import until_disconnect

router = APIRouter()

_NOTHING = "There is no such code."
_WRONG_CHECK = "There is no such code: its check character is wrong."
_MEDIA_TYPE = "image/svg+xml"


@dataclass
class _Asking:
    """One request: who asks which release, and what of each dataset was decided. A dataset is decided once."""

    request: Request
    services: Services
    caller: Caller
    release: OpenRelease
    said: CityCodes
    views: dict[str, tuple[View | None, AccessRecord]] = field(default_factory=dict)

    def view(self, dataset: str) -> tuple[View | None, AccessRecord]:
        """The dataset as the caller reads it, None where it does not, and the record of its access to it."""
        if dataset not in self.views:
            record = self.services.admission.also(self.request) if self.views else record_of(self.request)
            try:
                found: View | None = visible(self.release, replace(self.caller, record=record), dataset)
            except (NotFound, NotPermitted):
                found = None
            self.views[dataset] = found, record
        return self.views[dataset]

    async def rows(self, part: CodePart, column: str, values: Sequence[str], limit: int) -> Found | None:
        """Rows of a dataset by a column; None where the caller does not read it, or not by that column."""
        view, record = self.view(part.dataset)
        query = rows_with(view, column, values, limit) if view is not None else None
        return await self._fetched(query, record) if query is not None else None

    async def _fetched(self, query: Query, record: AccessRecord) -> Found:
        services = self.services
        note_on(record, services, tuple(column.name for column in query.select), query.where)
        price = Price(cost=estimate(query).units)
        await services.admission.charge(self.request, price, services.tier_limits(self.caller.actor))
        statement = compile_page(query, FORMS["json"].outputs(query.select))
        timeout = services.settings.statement_timeout
        work = services.engine.fetch(statement, timeout, caller=self.request.state.caller)
        fetched = await until_disconnect(self.request.receive, work)
        page = tuple(tuple(row[: statement.outputs]) for row in fetched[: query.limit])
        record.handed(len(page))
        return Found(query.select, page, len(page) == len(fetched))


@router.api_route("/v1/codes/{code}", methods=["GET", "HEAD"])
async def resolve(
    code: str, request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """The thing with this code; the codes of all things there are where another code is that of several."""
    only_parameters(request, ("release",))
    asking = _asking(request, release, caller, services)
    found = await _found(asking, code)
    codes = found.values(asking.said.register_.code)
    told: dict[str, Any] = {"asked": code, "release": release.number}
    if len(codes) == 1:
        told |= await _thing(asking, codes[0], found.objects()[0])
    else:
        told |= {"matches": [{"code": one, "href": _address(one)} for one in codes], "complete": found.complete}
    return await document_answer(request, dumps(told), cache=services.cache_control(caller.actor))


@router.api_route("/v1/codes/{code}/qr", methods=["GET", "HEAD"])
async def qr(code: str, request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """The symbol to print, for whoever may know of the code."""
    only_parameters(request, ("release",))
    asking = _asking(request, release, caller, services)
    codes = (await _found(asking, code)).values(asking.said.register_.code)
    if len(codes) != 1:
        raise NotFound("That is a code of several things: ask for one of them.")
    body = symbol(f"{origin_of(request)}{_address(codes[0])}", codes[0])
    return await document_answer(request, body, media_type=_MEDIA_TYPE, cache=services.cache_control(caller.actor))


def _asking(request: Request, release: OpenRelease, caller: Caller, services: Services) -> _Asking:
    """Raises NotFound alike where the city issues no codes and where the caller may not read the register."""
    said = release.catalog.city.codes
    if said is None:
        raise NotFound(_NOTHING)
    asking = _Asking(request, services, caller, release, said)
    view, _ = asking.view(said.register_.dataset)
    if view is None or view.column(said.register_.code) is None:
        raise NotFound(_NOTHING)
    return asking


async def _found(asking: _Asking, text: str) -> Found:
    """Rows of the register: of the city code, else of a thing with that code of its own, else of those so called.

    Raises NotFound.
    """
    said, asked = asking.said, written(text)
    if is_city_code_shaped(asked) and not is_city_code(asked):
        raise NotFound(_WRONG_CHECK)
    for column in (said.register_.code, said.register_.own_code):
        found = await asking.rows(said.register_, column, [asked], MOST_MATCHES) if column else None
        if found is not None and found.rows:
            return found
    if said.aliases is not None:
        called = await asking.rows(said.aliases, said.aliases.alias, [asked], MOST_MATCHES)
        codes = called.values(said.aliases.code) if called is not None else []
        found = await asking.rows(said.register_, said.register_.code, codes, MOST_MATCHES)
        if called is not None and found is not None and found.rows:
            return replace(found, complete=found.complete and called.complete)
    raise NotFound(_NOTHING)


async def _thing(asking: _Asking, code: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The thing in the register, what it became, and what of it stands in other datasets that the caller reads."""
    register, parts = asking.said.register_, dict[str, Any]()
    became = str(row.get(register.successors) or "").split(SEPARATOR) if register.successors else []
    successors = await asking.rows(register, register.code, [one for one in became if one], MOST_MATCHES)
    limit = min(asking.services.settings.default_page_rows, asking.services.query_limits(asking.caller.actor).max_rows)
    for name, part in asking.said.parts.items():
        found = await asking.rows(part, part.code, [code], limit)
        if found is not None:
            href = f"/v1/datasets/{part.dataset}/rows?{urlencode({part.code: code})}"
            parts[name] = {"dataset": part.dataset, "complete": found.complete, "href": href, "rows": found.objects()}
    return {
        "code": code,
        "href": _address(code),
        "qr": f"{_address(code)}/qr",
        "register": row,
        "successors": successors.objects() if successors is not None else [],
        "parts": parts,
    }


def _address(code: str) -> str:
    return f"/v1/codes/{quote(code, safe='')}"
