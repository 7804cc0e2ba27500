"""From a compiled question to an answer: one page or everything, in any format."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import Request, Response
from sqlglot import exp

from catalog.policy.model import TierLimits
from gateway.answers import json_rows
from gateway.answers.fields import Field
from gateway.answers.forms import FORMS, Form, Writer, forms_of
from gateway.problems import BadCursor, BadValue, NotAcceptable, NotFound, TooManyRows
from gateway.query.compile import Statement, counted
from gateway.query.cursor import Cursor
from gateway.query.keyset import Term
from gateway.quota.admission import record_of
from gateway.services import Services
from gateway.view.types import Scalar
from gateway.web.answers import body_answer, coding_of
from gateway.web.disconnect import until_disconnect
from gateway.web.negotiate import choose
from gateway.web.stream import StreamAnswer

if TYPE_CHECKING:
    import pyarrow as pa


KeptKey = tuple[str, str, str]


@dataclass(frozen=True)
class Asked:
    """A question ready to be answered. `compile` gives the statement whose outputs are as told, of one page where
    there is a limit, else of everything. `members` stand in a JSON page before the rows; those are its
    member `rows`, or where it is `flat` their only values are. `complete` says whether what comes in one go is all.
    `looked_up` gives the rows of a JSON page, each as its object and its sort values, where an index answers it."""

    fields: tuple[Field, ...]
    limit: int | None
    digest: str
    release: int
    compile: Callable[[list[exp.Expr]], Statement]
    form: Form
    headers: Mapping[str, str]
    limits: TierLimits | None
    bom: bool = False
    rows: str = "rows"
    flat: bool = False
    complete: bool = True
    members: Mapping[str, Any] = field(default_factory=dict)
    looked_up: Callable[[], Awaitable[list[tuple[Any, ...]] | None]] | None = None


def form_of(request: Request, suffix: str | None) -> Form:
    """The format that the address ends in, that `format` names, or that the Accept header prefers."""
    named = request.query_params.get("format", suffix)
    if suffix is not None:
        if suffix not in FORMS:
            raise NotFound()
        if named != suffix:
            raise BadValue(f"`format`: the address asks for {suffix} already.", parameter="format")
        return FORMS[suffix]
    if named is not None:
        if named not in FORMS:
            raise BadValue(f"`format`: expected one of {', '.join(FORMS)}.", parameter="format")
        return FORMS[named]
    return preferred(request.headers.get("accept"))


@lru_cache(maxsize=256)
def preferred(accept: str | None) -> Form:
    """The format that an Accept header prefers. Raises NotAcceptable."""
    by_essence: dict[str, Form] = {}
    for form in FORMS.values():
        by_essence.setdefault(form.essence, form)
    media = choose(accept, list(by_essence))
    if media is None:
        raise NotAcceptable(f"This is offered as {', '.join(by_essence)}.")
    return by_essence[media]


def require_fit(form: Form, fields: tuple[Field, ...]) -> None:
    """Refuse a format that these columns cannot be written in."""
    if not form.fits(fields):
        fitting = ", ".join(found.name for found in forms_of(fields))
        raise NotAcceptable(f"{form.name} needs the columns lon and lat; offered are {fitting}.")


def bom_of(request: Request, form: Form) -> bool:
    """Whether a byte order mark is asked for."""
    text = request.query_params.get("bom")
    if text is None:
        return False
    if form.name != "csv":
        raise BadValue("`bom`: a byte order mark is for CSV only.", parameter="bom")
    if text not in {"true", "false"}:
        raise BadValue("`bom`: expected true or false.", parameter="bom")
    return text == "true"


def place_of(cursor: Cursor | None, digest: str, terms: Callable[[], tuple[Term, ...]]) -> tuple[Scalar | None, ...]:
    """The sort values a cursor stands at; BadCursor when it belongs to another question."""
    if cursor is None:
        return ()
    if cursor.query != digest:
        raise BadCursor("The cursor belongs to another query: filters, columns and order must stay the same.")
    return cursor.values(terms())


async def deliver(request: Request, services: Services, asked: Asked, etag: str) -> Response:
    """The answer to a question that is decided and paid for. A page is kept for the next who asks the same."""
    if asked.limit is None and asked.form.writer is not None:
        return await _everything(request, services, asked, asked.form.writer(asked.fields, asked.bom), etag)
    async with services.kept.turn(_key(request, etag)):
        return kept(request, services, asked.headers, etag) or await _one_page(request, services, asked, etag)


async def _one_page(request: Request, services: Services, asked: Asked, etag: str) -> Response:
    record = record_of(request)
    before = record.rows or 0
    if asked.form.writer is None:
        answer = await _values(request, services, asked, etag)
    else:
        answer = await _page(request, services, asked, asked.form.writer(asked.fields, asked.bom), etag)
    services.kept.keep(_key(request, etag), answer, (record.rows or 0) - before)
    return answer


def kept(request: Request, services: Services, headers: Mapping[str, str], etag: str) -> Response | None:
    """The page of this entity tag, if it is kept. The caller has been let in and has paid as for one made anew: only
    the engine's work and the writing are spared."""
    key = _key(request, etag)
    found = services.kept.find(key, headers["Cache-Control"])
    if found is None:
        return None
    answer, rows = found
    record_of(request).handed(rows)
    request.state.kept = key
    return answer


def _key(request: Request, etag: str) -> KeptKey:
    """What determines the bytes: the tag, and the address, which the link to the next page repeats."""
    return kept_key(etag, request.url.path, request.url.query)


def kept_key(etag: str, path: str, query: str) -> KeptKey:
    """The place where the answer of this tag is kept that was given at this address."""
    return etag, path, query


async def _values(request: Request, services: Services, asked: Asked, etag: str) -> Response:
    """One page put together from values, with the link to the next one; `complete` is true when nothing follows."""
    looked_up = await asked.looked_up() if asked.looked_up is not None else None
    # Where an index found them the objects of the rows are there already, as one value each.
    outputs, fetched = (1, looked_up) if looked_up is not None else (len(asked.fields), None)
    if fetched is None:
        statement = asked.compile(asked.form.outputs(asked.fields))
        work = services.engine.fetch(statement, services.settings.statement_timeout, caller=request.state.caller)
        fetched = await until_disconnect(request.receive, work)
    page = [row[:outputs] for row in fetched[: asked.limit]]
    record_of(request).handed(len(page))
    last = fetched[len(page) - 1][outputs:] if len(page) < len(fetched) else None
    headers, following = _way_on(request, services, asked, last)
    head = {**asked.members, "complete": following is None, "next": following}
    if looked_up is not None:
        body = json_rows.joined_document([made for (made,) in page], head, asked.rows)
    elif asked.flat:
        body = json_rows.list_document(page, head, asked.rows)
    else:
        body = json_rows.document([field.name for field in asked.fields], page, head, asked.rows)
    return await body_answer(request, body, etag=etag, media_type=asked.form.media_type, headers=headers)


async def _page(request: Request, services: Services, asked: Asked, writer: Writer, etag: str) -> Response:
    """One page in a format with a writer; what follows stands in the headers only."""
    statement = asked.compile(asked.form.outputs(asked.fields))
    work = services.engine.fetch_table(statement, services.settings.statement_timeout, caller=request.state.caller)
    fetched = await until_disconnect(request.receive, work)
    page = fetched.slice(0, asked.limit).combine_chunks()
    record_of(request).handed(page.num_rows)
    last = None
    if page.num_rows < fetched.num_rows:
        places = fetched.slice(page.num_rows - 1, 1).select(range(statement.outputs, fetched.num_columns))
        last = tuple(column[0].as_py() for column in places.columns)
    headers, _ = _way_on(request, services, asked, last)
    body = await asyncio.to_thread(_written, writer, page.select(range(statement.outputs)))
    return await body_answer(request, body, etag=etag, media_type=asked.form.media_type, headers=headers)


def _written(writer: Writer, page: pa.Table) -> bytes:
    import pyarrow as pa

    batches = page.to_batches() or [pa.RecordBatch.from_pylist([], schema=page.schema)]
    return b"".join([*(writer.write(batch) for batch in batches), writer.close()])


def _way_on(
    request: Request, services: Services, asked: Asked, last: tuple[Scalar | None, ...] | None
) -> tuple[dict[str, str], str | None]:
    """Headers of a page, and the address of the next one; `last` are the sort values at the end of one that is not
    the last."""
    cursor = None if last is None else services.signer.seal(Cursor.at(asked.release, asked.digest, last))
    return way_on(asked.headers, request.url.path, request.query_params.multi_items(), cursor)


def way_on(
    headers: Mapping[str, str], path: str, parameters: Iterable[tuple[str, str]], cursor: str | None
) -> tuple[dict[str, str], str | None]:
    """Headers of a page, and the address of the next one, which lies behind the cursor."""
    if cursor is None:
        return {**headers, "CivicLake-Complete": "true"}, None
    kept = [(name, text) for name, text in parameters if name != "cursor"]
    following = f"{path}?{urlencode([*kept, ('cursor', cursor)])}"
    return {**headers, "CivicLake-Complete": "false", "Link": f'<{following}>; rel="next"'}, following


async def _everything(request: Request, services: Services, asked: Asked, writer: Writer, etag: str) -> Response:
    """Every row, streamed: an answer without a limit is never cut."""
    statement = asked.compile(asked.form.outputs(asked.fields))
    if asked.form.most is not None:
        await _require_room(request, services, statement, asked.form.most)
    return StreamAnswer(
        _chunks(request, services, asked, statement, writer),
        headers={**asked.headers, "ETag": etag, "CivicLake-Complete": str(asked.complete).lower()},
        media_type=asked.form.media_type,
        coding=None if asked.form.packed else coding_of(request),
    )


async def _require_room(request: Request, services: Services, statement: Statement, most: int) -> None:
    work = services.engine.fetch(
        counted(statement, most), services.settings.statement_timeout, caller=request.state.caller
    )
    ((rows,),) = await until_disconnect(request.receive, work)
    if rows > most:
        raise TooManyRows(f"There are more rows than the {most} that fit into this format.")


async def _chunks(
    request: Request, services: Services, asked: Asked, statement: Statement, writer: Writer
) -> AsyncGenerator[bytes, None]:
    """The bytes of everything; nothing is given out before the engine has given the first rows."""
    settings = services.settings
    with services.admission.export(request, asked.limits):
        batches = services.engine.stream(
            statement,
            first=settings.statement_timeout,
            total=settings.export_timeout,
            caller=request.state.caller,
            handed=record_of(request).handed,
        )
        async with aclosing(batches):
            async for batch in batches:
                work = asyncio.to_thread(writer.write, batch) if asked.form.packed else None
                piece = await work if work is not None else writer.write(batch)
                if piece:
                    yield piece
        yield await asyncio.to_thread(writer.close)
