"""Searching all texts of a row: the parameter `q`."""

from __future__ import annotations

from sqlglot import exp

from catalog.policy.load import shared_limits
from gateway.query.operators import Arity, Bind, Operator, contains_folded
from gateway.query.tree import Condition
from gateway.view.types import Family, Scalar
from gateway.view.view import Column, View

SENTENCE = (
    "Rows in which every word (between spaces) stands in some text column; upper and lower case are the same. Words "
    "are found inside of others, so Chinese needs no spaces."
)


def searched(view: View) -> list[Column]:
    """The columns that are searched: all texts whose values are seen."""
    return [column for column in view.columns if column.kind.family is Family.TEXT and not column.summed]


def search(view: View, text: str) -> Condition:
    """The condition of a search. Raises ValueError with words for the caller."""
    columns, words = searched(view), text.split()
    if not columns:
        raise ValueError("there is no text column to search")
    most = shared_limits().questions.search_words
    if not 1 <= len(words) <= most:
        raise ValueError(f"expected 1 to {most} words")

    def build(_first: exp.Expr, values: tuple[Scalar, ...], bind: Bind) -> exp.Expr:
        found = [exp.or_(*(contains_folded(column.ref, word, bind) for column in columns)) for word in values]
        return exp.and_(*found)

    also = tuple(column.name for column in columns[1:])
    operator = Operator("q", Arity.LIST, frozenset({Family.TEXT}), SENTENCE, build, also)
    return Condition(columns[0], operator, tuple(words))
