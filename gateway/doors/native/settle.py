"""What a grouped query may tell its caller: everything it could reckon from rows, else groups that are large enough."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import Request

from gateway.disclosure.basis import reads_rows
from gateway.disclosure.protect import compile_cells, protected, require_large
from gateway.doors.deps import Caller, visible
from gateway.query.grouping import GroupedQuery
from gateway.quota.group_cost import group_units
from gateway.quota.meter import Price
from gateway.release.opened import OpenRelease
from gateway.services import Services
from gateway.view.view import View
from gateway.web.disconnect import until_disconnect


@dataclass(frozen=True)
class Basis:
    """On what an answer stands: `rows` the caller may read, or groups of at least `minimum` rows."""

    minimum: int | None = None

    @property
    def name(self) -> str:
        """The word for it in an answer."""
        return "rows" if self.minimum is None else "large groups"


def summed(release: OpenRelease, caller: Caller, dataset: str) -> View:
    """The dataset as the caller may aggregate it. Raises NotFound or NotPermitted."""
    return visible(release, caller, dataset, "aggregate")


def settle(release: OpenRelease, caller: Caller, query: GroupedQuery) -> tuple[GroupedQuery, Basis]:
    """The query over the view it is answered from, and what the answer stands on.

    Raises NotAggregable where it asks for values of single rows that the caller may not read.
    """
    readable = release.view(query.view.dataset, caller.actor, caller.purpose, "read")
    if readable is not None and reads_rows(query, readable):
        return replace(query, view=readable), Basis()
    require_large(query)
    decision = release.decision(query.view.dataset, caller.actor, caller.purpose, "aggregate")
    return query, Basis(decision.minimum_cell)


async def pay_and_protect(
    request: Request, services: Services, caller: Caller, query: GroupedQuery, basis: Basis
) -> GroupedQuery:
    """The query as it may be answered, paid for: without the groups that must be withheld."""
    await pay(request, services, caller, query, basis)
    return await protect(request, services, query, basis)


async def pay(request: Request, services: Services, caller: Caller, query: GroupedQuery, basis: Basis) -> None:
    """Take what the groups cost from the caller's quota."""
    twice = 1 if basis.minimum is None else 2  # the groups are looked at before they are told
    price = Price(cost=twice * group_units(query))
    await services.admission.charge(request, price, services.tier_limits(caller.actor))


async def protect(request: Request, services: Services, query: GroupedQuery, basis: Basis) -> GroupedQuery:
    """The query without the groups that must be withheld."""
    if basis.minimum is None:
        return query
    most = services.settings.max_protected_groups
    work = services.engine.fetch(
        compile_cells(query, most), services.settings.statement_timeout, caller=request.state.caller
    )
    return protected(query, await until_disconnect(request.receive, work), basis.minimum, most)
