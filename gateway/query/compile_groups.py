"""From the grouped query to one statement: rows are grouped inside, groups are filtered, ordered and cut outside."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from gateway.query.compile import Binds, Statement, filtered
from gateway.query.grouping import GroupedQuery, Having, Key, Output
from gateway.query.keyset import ORDERED_CHARACTERS, Term, after
from gateway.query.logic import written
from gateway.view.types import Family, Scalar

_GROUPS = "#groups"


def group_order(query: GroupedQuery) -> tuple[Term, ...]:
    """The requested order, made total by the keys."""
    left = {key.name: key for key in query.keys}
    terms: list[Term] = []
    for sort in query.order:
        found = _terms(query, sort.output, descending=sort.descending)
        terms += [replace(term, nulls_first=sort.nulls_first) for term in found]
        left.pop(sort.output.name, None)
    for key in left.values():
        terms += _terms(query, key, descending=False)
    return tuple(terms)


def compile_groups(query: GroupedQuery, outputs: list[exp.Expr] | None = None) -> Statement:
    """Groups in order: `limit + 1` of them, so that the answer knows whether more follow, or all without a limit.

    `outputs` replaces the values of keys and figures by other expressions over `output_ref` columns.
    """
    binds = Binds(query.view)
    chosen = [output_ref(place) for place in range(len(query.outputs))] if outputs is None else outputs
    terms = group_order(query)
    places = [exp.alias_(term.expression.copy(), f"#sort{number}", quoted=True) for number, term in enumerate(terms)]
    groups = exp.Subquery(this=_grouped(query, binds), alias=exp.TableAlias(this=_name(_GROUPS)))
    select = exp.select(*chosen, *(places if query.limit is not None else ()), copy=False).from_(groups, copy=False)
    conditions = [written(part, lambda having: _holds(query, having, binds)) for part in query.having]
    conditions += [exp.Not(this=exp.Paren(this=_is_group(query, keys, binds))) for keys in query.withheld]
    if query.after is not None:
        conditions.append(after(terms, query.after, binds))
    if conditions:
        select = select.where(*conditions, copy=False)
    if terms:
        select = select.order_by(*(term.ordered for term in terms), copy=False)
    if query.limit is not None:
        select = select.limit(query.limit + 1, copy=False)
    if query.offset:
        select = select.offset(query.offset, copy=False)
    return Statement(select, binds.values, len(chosen), query.view.relation_text)


def output_ref(place: int) -> exp.Column:
    """Reference to the value of an output of a group by its place; no name of a caller's stands in the statement."""
    return exp.column(_name(f"#output{place}"))


def _holds(query: GroupedQuery, having: Having, binds: Binds) -> exp.Expr:
    found = having.operator.build(output_ref(query.outputs.index(having.output)), having.values, binds)
    return exp.Not(this=exp.Paren(this=found)) if having.negated else found


def _grouped(query: GroupedQuery, binds: Binds) -> exp.Select:
    named = [
        exp.alias_(output.expression, f"#output{place}", quoted=True) for place, output in enumerate(query.outputs)
    ]
    select = filtered(query.where, named, binds)
    return select.group_by(*(key.expression for key in query.keys), copy=False) if query.keys else select


def _terms(query: GroupedQuery, output: Output, *, descending: bool) -> list[Term]:
    """The terms by which groups are ordered by an output. A key's text is ordered by its beginning, as rows are,
    and by a digest where two texts agree in that: the order is total, and cursors stay short."""
    value = output_ref(query.outputs.index(output))
    if output.kind.family is not Family.TEXT:
        return [Term(value, output.kind, descending)]
    begin = exp.Left(this=value, expression=exp.Literal.number(ORDERED_CHARACTERS))
    terms = [Term(begin, output.kind, descending)]
    if isinstance(output, Key):
        terms.append(Term(exp.Anonymous(this="sha256", expressions=[value.copy()]), output.kind, descending))
    return terms


def _is_group(query: GroupedQuery, values: tuple[Scalar | None, ...], binds: Binds) -> exp.Expr:
    same = [
        exp.NullSafeEQ(this=output_ref(place), expression=exp.Null() if value is None else binds(value))
        for place, (_, value) in enumerate(zip(query.keys, values, strict=True))
    ]
    return exp.and_(*same) if same else exp.true()


def _name(text: str) -> exp.Identifier:
    return exp.to_identifier(text, quoted=True)
