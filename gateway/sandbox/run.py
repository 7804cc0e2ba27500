"""A question from its checked tree to the bytes of its answer, in a sandbox that is killed when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

import orjson
from sqlglot import exp

from catalog.policy.model import SqlLimits
from gateway.answers.arrow_rows import StreamWriter
from gateway.engine import Engine
from gateway.problems import BadSql, QueryTimeout, QueryTooLarge
from gateway.query.tree import Query
from gateway.sandbox.forms import AnswerField, SqlForm
from gateway.sandbox.frames import Kind
from gateway.sandbox.offered import offered
from gateway.sandbox.parse import parse_sql, sql_of, text_of
from gateway.sandbox.pool import FailedError, Sandbox, SandboxPool
from gateway.sandbox.relations import compile_relation
from gateway.sandbox.second import require_same
from gateway.sandbox.words import problem_of
from gateway.view.types import ValueType

ANSWER = "#answer"
_MEGABYTE = 1 << 20
_MOST_COLUMNS = 1000
_READING = 8  # so many times the processor time of reading may pass on the clock


@dataclass(frozen=True)
class Asked:
    """A question: its text, the form of its answer, and what it may use."""

    text: str
    form: SqlForm
    limits: SqlLimits


@dataclass(frozen=True)
class Answer:
    """Its columns, how many rows are in `body`, and whether these are all."""

    fields: tuple[AnswerField, ...]
    rows: int
    complete: bool
    body: bytes


@dataclass
class Work:
    """Whose question it is, and the processor time it took, in seconds: None where a sandbox could not tell."""

    caller: str
    seconds: float | None = 0.0


Prepare = Callable[[exp.Query], Awaitable[tuple[Query, ...]]]
"""From a tree to what is handed over of each table; raises what is to be told of tables and columns."""


async def answer(asked: Asked, prepare: Prepare, engine: Engine, pool: SandboxPool, work: Work) -> Answer:
    """Work a question out for a caller that takes turns with others; being cancelled stops it.

    Raises BadSql, SqlNotOffered, QueryTimeout, QueryTooLarge, SandboxLost or Busy, and what `prepare` raises.
    """
    text, limits = asked.text, asked.limits
    tree: exp.Query = exp.Select()
    async with pool.places.place(work.caller, limits.seconds):
        sandbox = await pool.take()
        try:
            async with asyncio.timeout(limits.seconds):
                await _try_reading(asked, sandbox, work)
                tree = await asyncio.to_thread(parse_sql, text)
                tables = await prepare(tree)
                told = await sandbox.ask(Kind.LOOK, {"texts": [text, sql_of(tree)]})
                seen, run = told["trees"]
                require_same(seen, run, text)
                work.seconds = None
                for table in tables:
                    await _hand_over(table, sandbox, engine, work.caller, limits.seconds)
                return await _worked_out(asked, tree, sandbox, work)
        except TimeoutError:
            raise QueryTimeout(f"The question was stopped after {limits.seconds} seconds.") from None
        except FailedError as failure:
            work.seconds = failure.worked
            raise problem_of(failure, tree, text, limits) from None
        finally:
            sandbox.kill()


async def _try_reading(asked: Asked, sandbox: Sandbox, work: Work) -> None:
    """Put the limits in force, and have the sandbox read the text first. Raises BadSql where that takes too long."""
    limits, most = asked.limits, offered().size.seconds
    document = {"megabytes": limits.memory_megabytes, "seconds": limits.seconds, "sql": asked.text}
    try:
        async with asyncio.timeout(_READING * most):
            told = await sandbox.ask(Kind.ASK, document)
        work.seconds = float(told["worked"])
    except TimeoutError:
        work.seconds = _READING * most
    if work.seconds > most:
        raise BadSql("The SQL takes too long to read: give each JOIN its ON or USING at once, and nest less.")


async def _hand_over(table: Query, sandbox: Sandbox, engine: Engine, caller: str, seconds: int) -> None:
    """Send the rows of a table, batch by batch, as fast as the sandbox takes them."""
    await sandbox.send(Kind.TABLE, orjson.dumps({"table": table.view.dataset}))
    writer = StreamWriter()
    batches = engine.stream(compile_relation(table), first=seconds, total=seconds, caller=caller)
    async with aclosing(batches):
        async for batch in batches:
            await sandbox.send(Kind.ROWS, writer.write(batch))
    await sandbox.send(Kind.ROWS, writer.close())
    await sandbox.send(Kind.END)
    await sandbox.told()


async def _worked_out(asked: Asked, tree: exp.Query, sandbox: Sandbox, work: Work) -> Answer:
    most, form = asked.limits.rows, asked.form
    told = await sandbox.ask(Kind.RUN, {"sql": sql_of(_cut(tree, most + 1)), "rows": most})
    columns = [(str(name), str(kind)) for name, kind in told["columns"]]
    if len(columns) > _MOST_COLUMNS:
        raise BadSql(f"The answer has more than {_MOST_COLUMNS} columns.")
    fields = tuple(AnswerField(name, ValueType.of(kind), place) for place, (name, kind) in enumerate(columns))
    rows, complete = int(told["rows"]), told["complete"] is True
    outputs = exp.select(*form.outputs(fields)).from_(exp.table_(ANSWER, quoted=True)).limit(rows)
    size = asked.limits.answer_megabytes * _MEGABYTE
    way = {"sql": outputs.sql(dialect="duckdb"), "columns": form.columns, "between": form.between, "bytes": size}
    await sandbox.send(Kind.WRITE, orjson.dumps(way))
    body = bytearray()
    while True:
        kind, piece = await sandbox.take()
        if kind is Kind.TELL:
            work.seconds = float(orjson.loads(piece)["worked"])
            return Answer(fields, rows, complete, bytes(body))
        body += piece
        if kind is not Kind.BODY or len(body) > size:
            raise QueryTooLarge("The answer is too large.")


def _cut(tree: exp.Query, most: int) -> exp.Query:
    """The tree with a limit of at most so many rows, and with names for all columns as the caller wrote them."""
    limit = tree.args.get("limit")
    asked = int(limit.expression.name) if limit is not None else most
    cut = tree.copy()
    cut.set("limit", exp.Limit(expression=exp.Literal.number(min(asked, most))))
    first = cut
    while isinstance(first, exp.SetOperation):
        first = first.this
    if isinstance(first, exp.Select):
        first.set("expressions", [_named(output) for output in first.expressions])
    return cut


def _named(output: exp.Expr) -> exp.Expr:
    if isinstance(output, (exp.Alias, exp.Column, exp.Star)):
        return output
    return exp.alias_(output, text_of(output), quoted=True)
