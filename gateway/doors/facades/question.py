"""A question of a facade, for rows or for groups: its order, its statement, its price, the columns it reads."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from gateway.query.compile import Statement, compile_all, compile_page
from gateway.query.compile_groups import compile_groups, group_order
from gateway.query.grouping import GroupedQuery
from gateway.query.keyset import Term, total_order
from gateway.query.tree import Query
from gateway.quota.cost import estimate
from gateway.quota.group_cost import group_units
from gateway.quota.meter import Price

Question = Query | GroupedQuery


def order_of(question: Question) -> tuple[Term, ...]:
    """Its total order."""
    return group_order(question) if isinstance(question, GroupedQuery) else total_order(question)


def names_of(question: Question) -> tuple[str, ...]:
    """The columns that the record of the access names."""
    return question.names if isinstance(question, GroupedQuery) else tuple(column.name for column in question.select)


def price_of(question: Question) -> Price:
    """What the answer takes from the caller's quota."""
    return Price(cost=group_units(question) if isinstance(question, GroupedQuery) else estimate(question).units)


def compiled(question: Question, outputs: list[exp.Expr]) -> Statement:
    """The statement with these outputs: of a page where there is a limit, else of everything."""
    if isinstance(question, GroupedQuery):
        return compile_groups(question, outputs)
    return compile_all(question, outputs) if question.limit is None else compile_page(question, outputs)


def first(question: Question, outputs: list[exp.Expr]) -> Statement:
    """The statement of so many rows as the limit says, in one go and without a place to go on from."""
    whole = compiled(replace(question, limit=None), outputs)
    return replace(whole, select=whole.select.limit(question.limit or 0, copy=False))
