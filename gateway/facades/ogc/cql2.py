"""CQL2 filters in the query tree: both written forms are read to the same nodes, each of which is translated here.

What is not listed here is refused by name. As in SQL, a row that lacks a value meets neither a condition on it nor its
opposite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from gateway.facades.clocks import local_text
from gateway.facades.numbers import compared
from gateway.facades.ogc.cql2_json import read_json
from gateway.facades.ogc.cql2_text import read_text
from gateway.facades.reading import TURNED, Call, Literal, Node, Property, ReadError, Shape
from gateway.problems import BadValue, UnknownOperator
from gateway.query.logic import Junction, all_of, any_of, negated
from gateway.query.operators import pattern_of
from gateway.query.parse import Limits, known_column, whole_row
from gateway.query.tree import Filter
from gateway.view.types import Family
from gateway.view.view import Column, View

TEXT, JSON = "cql2-text", "cql2-json"
LANGUAGES = {TEXT: read_text, JSON: read_json, "cql-text": read_text}
"""The written forms by their names; `cql-text` is what GDAL calls the first."""
GEOMETRY = "geometry"
"""What filters call the place of a row."""
_PARAMETER = "filter"
_COMPARED = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def parse_filter(text: str, language: str, view: View, limits: Limits, zone: ZoneInfo) -> Filter:
    """The condition that a filter is. Raises the problems of what cannot be read or used."""
    if language not in LANGUAGES:
        expected = ", ".join(LANGUAGES)
        raise BadValue(f"`filter-lang`: expected one of {expected}.", parameter="filter-lang")
    try:
        node = LANGUAGES[language](text)
    except ReadError as error:
        raise BadValue(f"`filter`: {error}.", parameter=_PARAMETER) from error
    return _Translation(view, limits, zone).condition(node)


@dataclass(frozen=True)
class _Translation:
    """Nodes over one view."""

    view: View
    limits: Limits
    zone: ZoneInfo

    def condition(self, node: Node) -> Filter:
        """A node that is true or false."""
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, Literal) and isinstance(node.value, bool):
            return Junction(node.value, ())
        if isinstance(node, Property):
            return self._compare(node.name, "eq", [Literal(True)])
        raise _refused("a condition", node)

    def _call(self, node: Call) -> Filter:
        if node.name in ("and", "or"):
            parts = [self.condition(part) for part in node.arguments]
            return all_of(parts) if node.name == "and" else any_of(parts)
        if node.name == "not":
            (part,) = _counted(node, 1)
            return negated(self.condition(part))
        known = _FUNCTIONS.get(node.name)
        if known is not None:
            return known(self, node)
        if node.name in _COMPARED:
            return self._comparison(node)
        known_names = ["and", "or", "not", *_COMPARED, *_FUNCTIONS]
        raise UnknownOperator(
            f"There is no `{node.name[:80]}` in filters here.", parameter=_PARAMETER, operators=known_names
        )

    def _comparison(self, node: Call) -> Filter:
        left, right = _counted(node, 2)
        operator = _COMPARED[node.name]
        if isinstance(_unfolded(right), Property):
            left, right, operator = right, left, TURNED.get(operator, operator)
        name, folded = _property(left)
        if not folded:
            return self._compare(name, operator, [right])
        if operator not in ("eq", "ne"):
            raise _refused("`=` or `<>` with CASEI", node)
        found = self._compare(name, "ilike", [Literal(pattern_of(_text(right)))])
        return found if operator == "eq" else negated(found)

    def _like(self, node: Call) -> Filter:
        left, right = _counted(node, 2)
        name, folded = _property(left)
        return self._compare(name, "ilike" if folded or node.name == "ilike" else "like", [Literal(_text(right))])

    def _between(self, node: Call) -> Filter:
        left, low, high = _counted(node, 3)
        name = _plain(left)
        return all_of([self._compare(name, "ge", [low]), self._compare(name, "le", [high])])

    def _in(self, node: Call) -> Filter:
        if len(node.arguments) < 2:
            raise _refused("a property and a list of values", node)
        left, *values = node.arguments
        return self._compare(_plain(left), "in", values)

    def _is_null(self, node: Call) -> Filter:
        (part,) = _counted(node, 1)
        return self._compare(_plain(part), "isnull", [Literal(True)])

    def _meets(self, node: Call) -> Filter:
        left, right = _counted(node, 2)
        if isinstance(left, Shape):
            left, right = right, left
        if _plain(left) != GEOMETRY or not isinstance(right, Shape):
            raise _refused(f"the property `{GEOMETRY}` and a point, box or polygon", node)
        return whole_row(self.view, right.condition, right.text)

    def _apart(self, node: Call) -> Filter:
        return negated(self._meets(node))

    def _compare(self, name: str, operator: str, values: Sequence[Node]) -> Filter:
        column = known_column(self.view, name, _PARAMETER)
        texts = [self._value(column, operator, value) for value in values]
        return compared(column, operator, texts, self.limits, _PARAMETER)

    def _value(self, column: Column, operator: str, node: Node) -> str:
        if not isinstance(node, Literal) or node.value is None:
            raise _refused("a value", node)
        if isinstance(node.value, bool):
            if operator != "isnull" and column.kind.family is not Family.BOOLEAN:
                raise _refused(f"{column.kind.name} for `{column.name}`", node)
            return "true" if node.value else "false"
        return local_text(node.value, column, self.zone)


_FUNCTIONS: dict[str, Callable[[_Translation, Call], Filter]] = {
    "like": _Translation._like,
    "ilike": _Translation._like,
    "between": _Translation._between,
    "in": _Translation._in,
    "isnull": _Translation._is_null,
    "s_intersects": _Translation._meets,
    "s_within": _Translation._meets,
    "s_disjoint": _Translation._apart,
}


def _counted(node: Call, count: int) -> tuple[Node, ...]:
    if len(node.arguments) != count:
        raise BadValue(f"`filter`: `{node.name[:80]}` takes {count} arguments.", parameter=_PARAMETER)
    return node.arguments


def _unfolded(node: Node) -> Node:
    """What CASEI is of; any other node as it is."""
    return _counted(node, 1)[0] if isinstance(node, Call) and node.name == "casei" else node


def _property(node: Node) -> tuple[str, bool]:
    """The name of a property, and whether upper and lower case are the same."""
    inner = _unfolded(node)
    return _plain(inner), inner is not node


def _plain(node: Node) -> str:
    if not isinstance(node, Property):
        raise _refused("a property", node)
    return node.name


def _text(node: Node) -> str:
    inner = _unfolded(node)
    if not isinstance(inner, Literal) or not isinstance(inner.value, str):
        raise _refused("a text", inner)
    return inner.value


def _refused(expected: str, node: Node) -> BadValue:
    return BadValue(f"`filter`: expected {expected}, not {node.told}.", parameter=_PARAMETER)
