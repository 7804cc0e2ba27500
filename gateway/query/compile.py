"""From the query tree to one statement: the projected relation innermost, identifiers quoted, values bound."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from gateway.query.keyset import Term, after, lies_sorted, total_order
from gateway.query.logic import written
from gateway.query.tree import Condition, Filter, Query
from gateway.view.types import Scalar
from gateway.view.view import PICKED, View

RELATION = "relation"  # the name under which a statement reads what the caller sees of the rows
_PAGE = "page"  # the same of the rows whose keys were picked


@dataclass(frozen=True)
class Statement:
    """A SELECT, the text of the view's relation it reads if it reads one, and the values of the placeholders in both.

    `outputs` are the leading result columns that are the answer; what follows them are the sort values of the row.
    `steps` are further relations by name, as SQL text; each may read the relation and the steps before it.
    """

    select: exp.Select
    binds: dict[str, Scalar | bytes]
    outputs: int
    relation: str | None = None
    steps: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """SQL of the statement. The relation stands in front under its name, and is planned as if it stood within."""
        if self.relation is None:
            return self.select.sql(dialect="duckdb")
        named = ((RELATION, self.relation), *self.steps)
        relations = ", ".join(f'"{name}" AS NOT MATERIALIZED ({text})' for name, text in named)
        return f"WITH {relations} {self.select.sql(dialect='duckdb')}"


class Binds:
    """Collects bound values, those of the view's own relation among them, and hands out placeholders."""

    def __init__(self, view: View) -> None:
        self.values: dict[str, Scalar | bytes] = dict(view.binds)

    def __call__(self, value: Scalar) -> exp.Placeholder:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return exp.Placeholder(this=name)


def compile_page(query: Query, outputs: list[exp.Expr] | None = None) -> Statement:
    """One page: `limit + 1` rows, so that the answer knows whether more follow. Rows are not sorted again where
    the order is the one they are stored in: the engine keeps it, and stops reading when the page is full.

    `outputs` replaces the selected columns by other expressions over the relation (a CSV line, for one).
    """
    if query.limit is None:
        raise ValueError("a page needs a limit")
    binds = Binds(query.view)
    terms = total_order(query)
    chosen = _columns(query) if outputs is None else outputs
    places = [exp.alias_(term.expression.copy(), f"#sort{number}", quoted=True) for number, term in enumerate(terms)]
    relation, outer = query.view.relation_text, [*chosen, *places]
    if not query.view.picks_first:
        select = _cut(query, filtered(query.where, outer, binds), terms, binds)
        return Statement(select, binds.values, len(chosen), relation)
    # What is shown is made for the rows of the page only, not for all from which they are picked.
    picked = _cut(query, filtered(query.where, [column.ref for column in query.view.key], binds), terms, binds)
    page = exp.select(*outer, copy=False).from_(exp.table_(_PAGE, quoted=True), copy=False)
    page.order_by(*(term.ordered for term in terms), copy=False)
    steps = ((PICKED, picked.sql(dialect="duckdb")), (_PAGE, query.view.picked_text))
    return Statement(page, binds.values, len(chosen), relation, steps)


def _cut(query: Query, select: exp.Select, terms: tuple[Term, ...], binds: Binds) -> exp.Select:
    """The first rows of a selection from the query's place on, and one more."""
    if query.after is not None:
        select = select.where(after(terms, query.after, binds), copy=False)
    if not lies_sorted(query):
        select = select.order_by(*(term.ordered for term in terms), copy=False)
    if query.limit is not None:
        select = select.limit(query.limit + 1, copy=False)
    return select.offset(query.offset, copy=False) if query.offset else select


def compile_all(query: Query, outputs: list[exp.Expr]) -> Statement:
    """Every row of a query; not sorted again where the order is the one the rows are stored in."""
    binds = Binds(query.view)
    select = filtered(query.where, outputs, binds)
    if not lies_sorted(query):
        select = select.order_by(*(term.ordered for term in total_order(query)), copy=False)
    if query.offset:
        select = select.offset(query.offset, copy=False)
    return Statement(select, binds.values, len(outputs), query.view.relation_text)


def counted(statement: Statement, most: int) -> Statement:
    """How many rows a statement gives, counted up to one more than `most`."""
    inner = exp.Subquery(this=statement.select.copy().limit(most + 1, copy=False), alias=_alias("#counted"))
    select = exp.select(exp.Count(this=exp.Star(), big_int=True), copy=False).from_(inner, copy=False)
    return replace(statement, select=select, outputs=1)


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))


def _columns(query: Query) -> list[exp.Expr]:
    return [column.ref for column in query.select]


def holds(part: Filter, binds: Binds) -> exp.Expr:
    """SQL that tells of a row of the view's relation whether conditions hold."""
    return written(part, lambda condition: _holds(condition, binds))


def _holds(condition: Condition, binds: Binds) -> exp.Expr:
    """The opposite of a condition on several columns is told only of rows that have a value in each of them."""
    found = condition.operator.build(condition.column.ref, condition.values, binds)
    if not condition.negated:
        return found
    read = condition.names if condition.operator.also else ()
    refs = [exp.column(exp.to_identifier(name, quoted=True)) for name in read]
    known = [exp.Not(this=exp.Is(this=ref, expression=exp.Null())) for ref in refs]
    return exp.and_(*known, exp.Not(this=exp.Paren(this=found)))


def filtered(where: tuple[Filter, ...], outputs: list[exp.Expr], binds: Binds) -> exp.Select:
    """A selection over the view's relation, of the rows for which all conditions hold."""
    select = exp.select(*outputs, copy=False).from_(exp.table_(RELATION, quoted=True), copy=False)
    conditions = [holds(part, binds) for part in where]
    return select.where(*conditions, copy=False) if conditions else select
