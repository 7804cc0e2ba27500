"""/v1/sql: one SELECT over what the caller may read, worked out in a process that holds nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlglot import exp

from catalog.contract.options import Strict
from catalog.policy.load import shared_limits
from catalog.policy.model import SqlLimits, TierLimits
from gateway.audit.record import AccessRecord
from gateway.doors.deps import Caller, CallerDep, ServicesDep, only_parameters, release_asked, release_at, visible
from gateway.problems import BadValue, NotAcceptable, NotFound, NotPermitted, RepeatedParameter
from gateway.query.tree import Query
from gateway.quota.admission import record_of
from gateway.quota.cost import estimate
from gateway.quota.meter import Price
from gateway.release.opened import OpenRelease
from gateway.sandbox.forms import SQL_FORMS, SqlForm
from gateway.sandbox.names import Table, tables_of
from gateway.sandbox.parse import sql_of
from gateway.sandbox.relations import handed_over
from gateway.sandbox.run import Answer, Asked, Work, answer
from gateway.services import Services
from gateway.view.view import View
from gateway.web.answers import VARY
from gateway.web.disconnect import until_disconnect
from gateway.web.negotiate import choose

router = APIRouter()

_PARAMETERS = ("sql", "release", "format")
_MILLISECONDS = 1000


class SqlBody(Strict):
    """A question: the SQL, the release it is asked of, and the format of the answer (else as Accept says)."""

    sql: str
    release: Annotated[int, Field(ge=1, lt=10**9)] | None = None
    format: str | None = None


@dataclass(frozen=True)
class _Asking:
    """A request for an answer, of a caller that may ask."""

    request: Request
    services: Services
    caller: Caller
    tier: TierLimits
    limits: SqlLimits


@router.post("/v1/sql")
async def ask(request: Request, body: SqlBody, caller: CallerDep, services: ServicesDep) -> Response:
    """The answer to a question in the body."""
    only_parameters(request)
    asking = _asking(request, services, caller)
    release = await (release_asked(request) if body.release is None else release_at(request, body.release))
    return await _answer(asking, release, body.sql, _form(request, body.format))


@router.get("/v1/sql")
async def ask_by_address(request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """The answer to a question in the address."""
    only_parameters(request, _PARAMETERS)
    asking = _asking(request, services, caller)
    given = Counter(name for name, _ in request.query_params.multi_items())
    twice = next((name for name, count in given.items() if count > 1), None)
    if twice is not None:
        raise RepeatedParameter(f"`{twice}` was given more than once.", parameter=twice)
    text = request.query_params.get("sql")
    if text is None:
        raise BadValue("`sql`: expected a question.", parameter="sql")
    form = _form(request, request.query_params.get("format"))
    return await _answer(asking, await release_asked(request), text, form)


def _asking(request: Request, services: Services, caller: Caller) -> _Asking:
    """Raises NotPermitted where the caller's tier asks no questions in SQL."""
    record_of(request).action = "sandbox"
    tier = services.tier_limits(caller.actor)
    if tier is None or tier.sql is None:
        raise NotPermitted("Questions in SQL need a registered caller.")
    return _Asking(request, services, caller, tier, tier.sql)


def _form(request: Request, named: str | None) -> SqlForm:
    if named is not None:
        if named not in SQL_FORMS:
            raise BadValue(f"`format`: expected one of {', '.join(SQL_FORMS)}.", parameter="format")
        return SQL_FORMS[named]
    by_essence = {form.essence: form for form in SQL_FORMS.values()}
    media = choose(request.headers.get("accept"), list(by_essence))
    if media is None:
        raise NotAcceptable(f"This is offered as {', '.join(by_essence)}.")
    return by_essence[media]


async def _answer(asking: _Asking, release: OpenRelease, text: str, form: SqlForm) -> Response:
    found = await _paid(asking, release, Asked(text, form, asking.limits))
    record_of(asking.request).handed(found.rows)
    headers = {
        "Cache-Control": "private, no-store",
        "Vary": VARY,
        "CivicLake-Release": str(release.number),
        "CivicLake-Complete": str(found.complete).lower(),
    }
    members = {"release": release.number, "complete": found.complete}
    return Response(form.around(found.fields, members, found.body), headers=headers, media_type=form.media_type)


def _read(asking: _Asking, release: OpenRelease, tree: exp.Query, text: str) -> tuple[Table, ...]:
    """The tables a question reads, each in a record of the access. Raises UnknownTable, UnknownColumn."""
    first, admission = record_of(asking.request), asking.services.admission
    records: dict[str, AccessRecord] = {}

    def find(name: str) -> View | None:
        if name not in release.datasets:
            return None
        records[name] = admission.also(asking.request) if records else first
        try:
            return visible(release, replace(asking.caller, record=records[name]), name, "sandbox")
        except NotFound:
            return None

    tables = tables_of(tree, text, find)
    for table in tables:
        records[table.view.dataset].columns = tuple(column.name for column in table.columns)
    if admission.log.key is not None:
        first.filter = admission.log.key.digest(sql_of(tree).encode())
    return tables


async def _paid(asking: _Asking, release: OpenRelease, asked: Asked) -> Answer:
    """The answer. All the time it might take is paid before, and what it did not use is given back; it is counted in
    steps, so that what is left of a quota tells nothing of how busy the machine is."""
    cost, services, request = shared_limits().cost, asking.services, asking.request

    async def charge(units: int) -> None:
        await services.admission.charge(request, Price(cost=units), asking.tier)

    async def prepare(tree: exp.Query) -> tuple[Query, ...]:
        tables = tuple(handed_over(table, tree) for table in _read(asking, release, tree, asked.text))
        await charge(sum(estimate(table).units for table in tables))
        return tables

    reserved = asked.limits.seconds * cost.sandbox_second
    await charge(reserved)
    work = Work(request.state.caller)
    try:
        found = answer(asked, prepare, services.engine, services.sandboxes, work)
        return await until_disconnect(request.receive, found)
    finally:
        if work.seconds is not None:
            steps = max(0, int(work.seconds * _MILLISECONDS)) // cost.sandbox_step + 1
            used = steps * cost.sandbox_step * cost.sandbox_second // _MILLISECONDS
            await charge(-max(0, reserved - used))
