"""Rows that an index finds, for anybody, as JSON: the same question, decision and page as by the door of the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qsl

from gateway.answers import json_rows
from gateway.answers.forms import FORMS
from gateway.audit.chain import Fields
from gateway.audit.record import AccessRecord
from gateway.doors.deps import Caller, visible
from gateway.doors.native import rows as rows_door
from gateway.doors.native.deliver import kept_key, place_of, preferred, way_on
from gateway.express.plain import DATASETS, Plain
from gateway.express.ready import Made, RawHeaders, Ready
from gateway.lookup.store import Row
from gateway.policy.actor import PUBLIC
from gateway.query.cursor import Cursor
from gateway.query.keyset import total_order
from gateway.query.parse import RESERVED, parse_query, parse_values
from gateway.query.tree import Condition, Filter, Query
from gateway.quota.cost import estimate
from gateway.quota.meter import Price
from gateway.release.opened import OpenRelease
from gateway.services import Services
from gateway.view.view import View
from gateway.web.answers import VARY, whole_answer
from gateway.web.codings import PACKERS
from gateway.web.kept import Kept
from gateway.web.middleware import SECURITY_HEADERS, parameters_of
from gateway.web.negotiate import choose_coding

_JSON = FORMS["json"]
_DOOR, _ROWS = f"{DATASETS}{{dataset}}/rows", "/rows"
_ELSEWHERE = frozenset({"format", "bom", "total", "release"})
"""Parameters that the door of the rows looks at itself."""
_IN_SHAPE = frozenset({"select", "order", "limit"})
_BY_VALUE = frozenset({"eq", "lt", "le", "gt", "ge", "between", "contains"})
_SHAPES = 1024


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question that the look-up file answers, with the tag, the coding and the headers its answer has in any case."""

    plain: Plain
    release: OpenRelease
    parameters: list[tuple[str, str]]
    query: Query
    coding: str | None
    etag: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is the same for all questions of one shape, as long as the view is: the question with some values, whether
    an index answers it with all values, price, row of the audit log, names of parameters, headers."""

    view: View
    query: Query
    indexed: bool
    price: Price
    access: Fields
    parameters: list[str]
    headers: dict[str, str]


class LookedUp:
    """Pages that the look-up file answers. `vary` are the headers that tell who asks, and from where."""

    def __init__(self, services: Services, vary: str) -> None:
        self._services = services
        self._plans = Kept[_Plan](_SHAPES, lambda _: 1)
        self._vary = f"{VARY}, {vary}".encode()
        self._security = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]

    def find(self, plain: Plain, release: OpenRelease) -> Ready | None:
        """The page that is asked; None where it is another door's, or the engine's. Raises the problems of the
        question."""
        dataset = plain.path[len(DATASETS) : -len(_ROWS)]
        if not plain.path.endswith(_ROWS) or dataset not in release.datasets or preferred(plain.accept) is not _JSON:
            return None
        services, parameters = self._services, parse_qsl(plain.query, keep_blank_values=True)
        shape = (dataset, *((name, text if name in _IN_SHAPE else "") for name, text in parameters))
        plan = self._plans.find(shape)
        if plan is None or plan.view is not release.view(dataset, PUBLIC):
            plan = self._plan(release, dataset, parameters)
            if plan is None:
                return None
            self._plans.keep(shape, plan)
        query = self._query(plan, parameters, release)
        if query is None or not (plan.indexed or services.look_ups.answers(release, query)):
            return None
        return self._ready(plain, release, parameters, plan, query)

    def _plan(self, release: OpenRelease, dataset: str, parameters: list[tuple[str, str]]) -> _Plan | None:
        """What is the same for all questions of a shape; None where it is a shape of another door, or of the engine."""
        services, record = self._services, AccessRecord("", actor=PUBLIC)
        if not _ELSEWHERE.isdisjoint(name for name, _ in parameters):
            return None
        view = visible(release, Caller(PUBLIC, None, record), dataset)
        default = services.settings.default_page_rows
        query = parse_query(view, parameters, services.query_limits(PUBLIC), default)
        if not all(isinstance(part, Condition) and part.operator.name in _BY_VALUE for part in query.where):
            return None
        # Which parts of texts an index finds depends on the part, and whether it finds what comes after, on the order.
        varies = any(part.operator.name == "contains" for part in query.where if isinstance(part, Condition))
        varies = varies or any(name == "cursor" for name, _ in parameters)
        if not services.look_ups.answers(release, query):
            return None
        record.columns = tuple(column.name for column in query.select)
        return _Plan(
            view,
            query,
            not varies,
            Price(cost=estimate(query).units),
            record.row(datetime.now(UTC), _DOOR, HTTPStatus.OK, 0, complete=True),
            parameters_of(name for name, _ in parameters),
            rows_door.page_headers(services, PUBLIC, release),
        )

    def _query(self, plan: _Plan, parameters: list[tuple[str, str]], release: OpenRelease) -> Query | None:
        """The question with its own values and place; None where its cursor is of another release."""
        limits, conditions = self._services.query_limits(PUBLIC), iter(plan.query.where)
        where: list[Filter] = []
        sealed = None
        for name, text in parameters:
            if name == "cursor":
                sealed = text
            elif name not in RESERVED:
                part = cast(Condition, next(conditions))
                values = parse_values(part.operator, text, part.column.kind, limits, name)
                where.append(replace(part, values=values))
        query = replace(plan.query, where=tuple(where))
        if sealed is None:
            return query
        cursor = self._services.signer.open(sealed)
        if cursor.release != release.number:
            return None
        return replace(query, after=place_of(cursor, query.digest, lambda: total_order(query)))

    def _ready(
        self, plain: Plain, release: OpenRelease, parameters: list[tuple[str, str]], plan: _Plan, query: Query
    ) -> Ready:
        coding = choose_coding(plain.codings, tuple(PACKERS))
        sealed = next((text for name, text in parameters if name == "cursor"), "")
        etag = rows_door.page_tag(query, _JSON, coding, sealed)
        asked = _Asked(plain, release, parameters, query, coding, etag, plan.headers)
        told = [(name.lower().encode(), text.encode()) for name, text in {**plan.headers, "ETag": etag}.items()]
        access = {**plan.access, "filter": rows_door.filter_digest(self._services, query.where)}
        return Ready(etag, self._finished(told), plan.price, access, plan.parameters, partial(self._made, asked))

    async def _made(self, asked: _Asked) -> Made | None:
        """The page, made now unless it is kept; None where the file cannot be read after all."""
        services, plain = self._services, asked.plain
        key = kept_key(asked.etag, plain.path, plain.query)
        kept = services.kept.find(key, asked.headers["Cache-Control"])
        known = key if kept is not None else None
        if kept is None:
            fetched = await services.look_ups.rows(asked.release, asked.query)
            if fetched is None:
                return None
            body, headers, rows = self._page(asked, fetched)
            media_type = _JSON.media_type
            answer = await whole_answer(asked.coding, body, etag=asked.etag, media_type=media_type, headers=headers)
            services.kept.keep(key, answer, rows)
            kept = answer, rows
        return Made(HTTPStatus.OK, self._finished(kept[0].raw_headers), bytes(kept[0].body), kept[1], known)

    def _page(self, asked: _Asked, fetched: list[Row]) -> tuple[bytes, dict[str, str], int]:
        """Body, headers and number of rows of a page, of which one row more was fetched where there are more."""
        query, release = asked.query, asked.release.number
        page, sealed = [row[0] for row in fetched[: query.limit]], None
        if len(page) < len(fetched):
            sealed = self._services.signer.seal(Cursor.at(release, query.digest, fetched[len(page) - 1][1:]))
        headers, following = way_on(asked.headers, asked.plain.path, asked.parameters, sealed)
        head = {"dataset": query.view.dataset, "release": release, "complete": following is None, "next": following}
        return json_rows.joined_document(page, head, "rows"), headers, len(page)

    def _finished(self, headers: RawHeaders) -> RawHeaders:
        """Headers with what every answer gets on its way out, without what is told by the body."""
        told = [
            (name, self._vary if name == b"vary" else value) for name, value in headers if name != b"content-length"
        ]
        return told + self._security
