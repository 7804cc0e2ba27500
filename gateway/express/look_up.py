"""Rows that an index finds, for anybody, as JSON: the same question, decision and page as by the door of the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from urllib.parse import parse_qsl

from gateway.answers import json_rows
from gateway.answers.forms import FORMS
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
from gateway.query.parse import parse_query
from gateway.query.tree import Query
from gateway.quota.cost import estimate
from gateway.quota.meter import Price
from gateway.release.opened import OpenRelease
from gateway.services import Services
from gateway.view.view import View
from gateway.web.answers import VARY, whole_answer
from gateway.web.codings import PACKERS
from gateway.web.middleware import SECURITY_HEADERS, parameters_of
from gateway.web.negotiate import choose_coding

_JSON = FORMS["json"]
_DOOR, _ROWS = f"{DATASETS}{{dataset}}/rows", "/rows"
_ELSEWHERE = frozenset({"format", "bom", "total", "release"})
"""Parameters that the door of the rows looks at itself."""


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


class LookedUp:
    """Pages that the look-up file answers. `vary` are the headers that tell who asks, and from where."""

    def __init__(self, services: Services, vary: str) -> None:
        self._services = services
        self._vary = f"{VARY}, {vary}".encode()
        self._security = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]

    def find(self, plain: Plain, release: OpenRelease) -> Ready | None:
        """The page that is asked; None where it is another door's, or the engine's. Raises the problems of the
        question."""
        dataset = plain.path[len(DATASETS) : -len(_ROWS)]
        if not plain.path.endswith(_ROWS) or dataset not in release.datasets or preferred(plain.accept) is not _JSON:
            return None
        services, record = self._services, AccessRecord("", actor=PUBLIC)
        parameters = parse_qsl(plain.query, keep_blank_values=True)
        given = dict(parameters)
        if not _ELSEWHERE.isdisjoint(given):
            return None
        view = visible(release, Caller(PUBLIC, None, record), dataset)
        query = self._query(view, parameters, given.get("cursor"), release)
        if query is None or not services.look_ups.answers(release, query):
            return None
        rows_door.note_on(record, services, tuple(column.name for column in query.select), query.where)
        coding = choose_coding(plain.codings, tuple(PACKERS))
        etag = rows_door.page_tag(query, _JSON, coding, given.get("cursor", ""))
        headers = rows_door.page_headers(services, PUBLIC, release)
        asked = _Asked(plain, release, parameters, query, coding, etag, headers)
        told = [(name.lower().encode(), text.encode()) for name, text in {**headers, "ETag": etag}.items()]
        return Ready(
            etag,
            self._finished(told),
            Price(cost=estimate(query).units),
            record.row(datetime.now(UTC), _DOOR, HTTPStatus.OK, 0, complete=True),
            parameters_of(given),
            partial(self._made, asked),
        )

    def _query(
        self, view: View, parameters: list[tuple[str, str]], sealed: str | None, release: OpenRelease
    ) -> Query | None:
        """The question; None where its cursor is of another release."""
        settings, signer = self._services.settings, self._services.signer
        query = parse_query(view, parameters, self._services.query_limits(PUBLIC), settings.default_page_rows)
        if sealed is None:
            return query
        cursor = signer.open(sealed)
        if cursor.release != release.number:
            return None
        return replace(query, after=place_of(cursor, query.digest, lambda: total_order(query)))

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
