"""One page of rows for a facade: fetched once, with the cursor of the page after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlglot import exp

from gateway.answers.text_rows import text_of
from gateway.doors.deps import Caller
from gateway.doors.native.totals import count_rows, counting
from gateway.query.compile import Statement, compile_page
from gateway.query.cursor import Cursor
from gateway.query.tree import Query
from gateway.quota.admission import record_of
from gateway.quota.cost import estimate
from gateway.quota.group_cost import group_units
from gateway.quota.meter import Price
from gateway.services import Services
from gateway.view.types import Scalar
from gateway.web.answers import VARY
from gateway.web.disconnect import until_disconnect


@dataclass(frozen=True)
class TextPage:
    """The rows of a page as texts end to end, how many they are, the cursor behind them, and whether more follow."""

    text: bytes
    rows: int
    end: str | None
    more: bool

    @property
    def cursor(self) -> str | None:
        """The cursor behind the rows where more follow."""
        return self.end if self.more else None


async def pay_for_rows(request: Request, services: Services, caller: Caller, query: Query) -> None:
    """Take what a page costs from the caller's quota."""
    price = Price(cost=estimate(query).units)
    await services.admission.charge(request, price, services.tier_limits(caller.actor))


async def row_texts(request: Request, services: Services, release: int, query: Query, line: exp.Expr) -> TextPage:
    """A page of a query whose rows the engine writes as `line`."""
    return await text_page(request, services, release, compile_page(query, [line]), query)


async def text_page(request: Request, services: Services, release: int, statement: Statement, query: Any) -> TextPage:
    """A page of a compiled query with a limit, the rows of which are single texts."""
    work = services.engine.fetch_table(statement, services.settings.statement_timeout, caller=request.state.caller)
    fetched = await until_disconnect(request.receive, work)
    page = fetched.slice(0, query.limit)
    record_of(request).handed(page.num_rows)
    text = b"".join(text_of(batch) for batch in page.to_batches())
    if not page.num_rows:
        return TextPage(text, 0, None, False)
    places = fetched.slice(page.num_rows - 1, 1).select(range(statement.outputs, fetched.num_columns))
    last = tuple(column[0].as_py() for column in places.columns)
    end = _sealed(services, release, query.digest, last)
    return TextPage(text, page.num_rows, end, page.num_rows < fetched.num_rows)


async def exact_total(request: Request, services: Services, caller: Caller, query: Query) -> int | None:
    """How many rows meet the conditions of a query, paid for; None where counting takes too long."""
    question = counting(query.view, query.where)
    price = Price(cost=group_units(question))
    await services.admission.charge(request, price, services.tier_limits(caller.actor))
    found = await count_rows(request, services, question, "exact")
    return found.count if found.kind == "exact" else None


def headers_of(services: Services, caller: Caller, release: int) -> dict[str, str]:
    """The headers of every answer with rows."""
    return {
        "Cache-Control": services.cache_control(caller.actor),
        "Vary": VARY,
        "CivicLake-Release": str(release),
    }


def _sealed(services: Services, release: int, digest: str, last: tuple[Scalar | None, ...]) -> str:
    return services.signer.seal(Cursor.at(release, digest, last))
