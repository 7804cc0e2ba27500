"""The filter operators: each is one object that gives its SQL, the types it takes, its OpenAPI entry and its sentence.

The parser, the compiler, the OpenAPI document and the human documentation all read this one table.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlglot import exp

from gateway.view.types import Family, Scalar, ValueType

Bind = Callable[[Scalar], exp.Expr]
Build = Callable[[exp.Expr, tuple[Scalar, ...], Bind], exp.Expr]


class Arity(Enum):
    """How many values an operator takes, and in which form."""

    ONE = "one value"
    PAIR = "two values, comma separated"
    LIST = "one or more values, comma separated; quote a value that holds a comma"
    FLAG = "true or false"


FLAG = ValueType(Family.BOOLEAN)
"""The type of the value of operators that take a flag."""
_ALL = frozenset(Family)
_COMPARABLE = _ALL - {Family.NESTED}
_ORDERED = _COMPARABLE - {Family.BOOLEAN}


@dataclass(frozen=True)
class Operator:
    """One filter operator, written `column__name=value`. `also` names the columns it reads besides its own."""

    name: str
    arity: Arity
    families: frozenset[Family]
    sentence: str
    build: Build
    also: tuple[str, ...] = ()

    def fits(self, kind: ValueType) -> bool:
        """Whether the operator takes columns of this type."""
        return kind.family in self.families

    def parse(self, text: str, kind: ValueType, max_values: int) -> tuple[Scalar, ...]:
        """Read the right-hand side. Raises ValueError with words for the caller, OverflowError on too long a list."""
        if self.arity is Arity.FLAG:
            return (FLAG.parse(text),)
        if self.arity is Arity.ONE:
            return (kind.parse(text),)
        parts = _split(text)
        if self.arity is Arity.PAIR and len(parts) != 2:
            raise ValueError("expected two values, comma separated")
        if len(parts) > max_values:
            raise OverflowError(f"expected at most {max_values} values")
        return tuple(kind.parse(part) for part in parts)

    def parameter(self, column: str, kind: ValueType) -> dict[str, Any]:
        """OpenAPI parameter of this operator on a column."""
        schema = kind.json_schema if self.arity is Arity.ONE else {"type": "string"}
        if self.arity is Arity.FLAG:
            schema = {"type": "boolean"}
        return {"name": f"{column}__{self.name}", "in": "query", "description": self.sentence, "schema": schema}


def _split(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True), []) or [""]  # nothing at all is one empty value
    except csv.Error as error:
        raise ValueError('expected values separated by commas, such as a,b,"c,d"') from error


def _compare(node: type[exp.Binary]) -> Build:
    return lambda column, values, bind: node(this=column, expression=bind(values[0]))


def _between(column: exp.Expr, values: tuple[Scalar, ...], bind: Bind) -> exp.Expr:
    return exp.Between(this=column, low=bind(values[0]), high=bind(values[1]))


def _in(column: exp.Expr, values: tuple[Scalar, ...], bind: Bind) -> exp.Expr:
    return exp.In(this=column, expressions=[bind(value) for value in values])


def _not_in(column: exp.Expr, values: tuple[Scalar, ...], bind: Bind) -> exp.Expr:
    return exp.Not(this=_in(column, values, bind))


def _prefix(column: exp.Expr, values: tuple[Scalar, ...], bind: Bind) -> exp.Expr:
    return exp.StartsWith(this=column, expression=bind(values[0]))


def _contains(column: exp.Expr, values: tuple[Scalar, ...], bind: Bind) -> exp.Expr:
    return exp.Contains(this=column, expression=bind(values[0]))


def contains_folded(column: exp.Expr, value: Scalar, bind: Bind) -> exp.Expr:
    """Whether a text holds a value, upper and lower case being the same."""
    return exp.Contains(this=exp.Lower(this=column), expression=exp.Lower(this=bind(value)))


def _icontains(column: exp.Expr, values: tuple[Scalar, ...], bind: Bind) -> exp.Expr:
    return contains_folded(column, values[0], bind)


def _like(column: exp.Expr, values: tuple[Scalar, ...], bind: Bind) -> exp.Expr:
    return _matches(column, values, bind, "s")


def _ilike(column: exp.Expr, values: tuple[Scalar, ...], bind: Bind) -> exp.Expr:
    return _matches(column, values, bind, "si")


def _matches(column: exp.Expr, values: tuple[Scalar, ...], bind: Bind, options: str) -> exp.Expr:
    """By a regular expression, which the engine reads without going back: LIKE itself could take for ever."""
    arguments = [column, bind(_regular(str(values[0]))), exp.Literal.string(options)]
    return exp.Anonymous(this="regexp_full_match", expressions=arguments)


def pattern_of(text: str) -> str:
    """The pattern that only a text itself is."""
    return re.sub(r"[%_\\]", r"\\\g<0>", text)


def _regular(pattern: str) -> str:
    """The regular expression of a pattern; a backslash makes the sign after it stand for itself."""
    return "".join(
        _WILD.get(found[0]) or re.escape(found[0][-1]) for found in re.finditer(r"\\.|.", pattern, re.DOTALL)
    )


def _isnull(column: exp.Expr, values: tuple[Scalar, ...], _bind: Bind) -> exp.Expr:
    missing = exp.Is(this=column, expression=exp.Null())
    return missing if values[0] else exp.Not(this=missing)


_WILD = {"%": ".*", "_": "."}
_PATTERN = "% stands for any signs, _ for one, a backslash before them for themselves"
_ONE, _TEXT = Arity.ONE, frozenset({Family.TEXT})
OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator("eq", _ONE, _COMPARABLE, "Equals the value; `column=value` means the same.", _compare(exp.EQ)),
        Operator("ne", _ONE, _COMPARABLE, "Has a value, and another one than this.", _compare(exp.NEQ)),
        Operator("lt", _ONE, _ORDERED, "Less than the value.", _compare(exp.LT)),
        Operator("le", _ONE, _ORDERED, "Less than the value, or equal to it.", _compare(exp.LTE)),
        Operator("gt", _ONE, _ORDERED, "Greater than the value.", _compare(exp.GT)),
        Operator("ge", _ONE, _ORDERED, "Greater than the value, or equal to it.", _compare(exp.GTE)),
        Operator("in", Arity.LIST, _COMPARABLE, "Equals one of the values (comma separated).", _in),
        Operator("notin", Arity.LIST, _COMPARABLE, "Has a value, and none of these (comma separated).", _not_in),
        Operator("between", Arity.PAIR, _ORDERED, "From the first value to the second, both included.", _between),
        Operator("prefix", _ONE, _TEXT, "Text begins with the value; upper and lower case differ.", _prefix),
        Operator("contains", _ONE, _TEXT, "Text holds the value; upper and lower case differ.", _contains),
        Operator("icontains", _ONE, _TEXT, "Text holds the value; upper and lower case are the same.", _icontains),
        Operator("like", _ONE, _TEXT, f"Text is as the pattern: {_PATTERN}; upper and lower case differ.", _like),
        Operator(
            "ilike", _ONE, _TEXT, f"Text is as the pattern: {_PATTERN}; upper and lower case are the same.", _ilike
        ),
        Operator("isnull", Arity.FLAG, _ALL, "true: has no value; false: has one.", _isnull),
    )
}
EQUALS = OPERATORS["eq"]


def operators_of(kind: ValueType) -> tuple[Operator, ...]:
    """The operators that take columns of a type, in documentation order."""
    return tuple(operator for operator in OPERATORS.values() if operator.fits(kind))
