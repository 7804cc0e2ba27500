"""How many rows a question has: told by the release, counted, or where counting takes too long estimated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from fastapi import Request

from catalog.policy.load import shared_limits
from gateway.problems import BadValue, QueryTimeout
from gateway.query.compile_groups import compile_groups
from gateway.query.grouping import Figure, GroupedQuery
from gateway.query.tree import Filter
from gateway.services import Services
from gateway.view.view import View
from gateway.web.disconnect import until_disconnect


@dataclass(frozen=True)
class Total:
    """A number of rows, and whether it is exact or an estimate."""

    count: int
    kind: Literal["exact", "estimate"]

    @property
    def header(self) -> str:
        """The number as a structured field (RFC 9651)."""
        return f"{self.count};kind={self.kind}"


def total_asked(request: Request, default: str) -> str:
    """What the parameter `total` asks for: exact, estimate or none."""
    found = request.query_params.get("total", default)
    if found not in ("exact", "estimate", "none"):
        raise BadValue("`total`: expected exact, estimate or none.", parameter="total")
    return found


def counting(view: View, where: tuple[Filter, ...]) -> GroupedQuery:
    """The query for the number of rows that meet the conditions."""
    return GroupedQuery(view=view, keys=(), figures=(Figure(),), where=where)


async def count_rows(request: Request, services: Services, query: GroupedQuery, asked: str) -> Total:
    """The total. An exact one is tried first, an estimate says that it is one."""
    known = query.view.facts.row_count
    if not query.where and known is not None:
        return Total(known, "exact")
    limits = shared_limits().questions
    seconds = services.settings.count_timeout * (limits.estimate_after if asked == "estimate" else 1)
    try:
        rows = await _count(request, services, query, seconds)
    except QueryTimeout:
        sample = replace(query, view=replace(query.view, sample=limits.estimate_percent))
        seconds = services.settings.statement_timeout
        rows = await _count(request, services, sample, seconds)
        share = limits.estimate_percent / 100
        if known is not None:  # then it is told how large the sample really is
            share = await _count(request, services, replace(sample, where=()), seconds) / max(known, 1)
        return Total(round(rows / share) if share else 0, "estimate")
    return Total(rows, "exact")


async def _count(request: Request, services: Services, query: GroupedQuery, seconds: float) -> int:
    work = services.engine.fetch(compile_groups(query), seconds, caller=request.state.caller)
    ((rows, *_),) = await until_disconnect(request.receive, work)
    return int(rows)
