"""Conditions of OData in the query tree, each node by name. What is not listed here is refused.

OData knows true and false where SQL also knows neither: a comparison with a missing value is false, so its opposite is
true. Functions of a missing value are neither, as in SQL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from gateway.facades.clocks import day_after
from gateway.facades.odata.syntax import COMPARED
from gateway.facades.reading import TURNED, Call, Literal, Node, Property
from gateway.problems import BadValue, UnknownOperator
from gateway.query.logic import Junction, Part, all_of, any_of, negated
from gateway.query.operators import pattern_of

P = TypeVar("P", bound=Part)
_SPANS = ("year", "date")


@dataclass(frozen=True)
class Test:
    """`name operator values`. A `flag` is a value that is true or false."""

    name: str
    operator: str
    texts: tuple[str, ...]
    flag: bool = False


class Conditions(Generic[P]):
    """Nodes as conditions; `leaf` makes single ones, of columns or of outputs, for the option `parameter`."""

    def __init__(self, leaf: Callable[[Test], P | Junction[P]], parameter: str) -> None:
        self._leaf, self._parameter = leaf, parameter
        self._functions: dict[str, Callable[[Call], P | Junction[P]]] = {
            "contains": self._text_function,
            "startswith": self._text_function,
            "endswith": self._text_function,
        }

    def condition(self, node: Node, *, holds: bool = True) -> P | Junction[P]:
        """What is true where a node is, or where it is false."""
        if isinstance(node, Call):
            return self._call(node, holds=holds)
        if isinstance(node, Literal) and (isinstance(node.value, bool) or node.value is None):
            return Junction(bool(node.value) == holds and node.value is not None, ())
        if isinstance(node, Property):
            return self._leaf(Test(node.name, "eq", ("true" if holds else "false",), flag=True))
        raise self._refused("a condition", node)

    def _call(self, node: Call, *, holds: bool) -> P | Junction[P]:
        if node.name in ("and", "or"):
            parts = [self.condition(part, holds=holds) for part in node.arguments]
            return all_of(parts) if (node.name == "and") == holds else any_of(parts)
        if node.name == "not":
            return self.condition(node.arguments[0], holds=not holds)
        if node.name == "in":
            left, *values = node.arguments
            if not values:
                raise self._refused("a list of values", node)
            found = self._leaf(Test(self._name(left), "in", tuple(map(self._text, values))))
            return self._known(found, self._name(left), holds=holds)
        if node.name in COMPARED:
            return self._comparison(node, holds=holds)
        known = self._functions.get(node.name)
        if known is None:
            raise self._unknown(node)
        return known(node) if holds else negated(known(node))

    def _known(self, found: P | Junction[P], name: str, *, holds: bool) -> P | Junction[P]:
        """A comparison, or its opposite, which rows without a value meet too."""
        return found if holds else any_of([negated(found), self._missing(name)])

    def _missing(self, name: str) -> P | Junction[P]:
        return self._leaf(Test(name, "isnull", ("true",), flag=True))

    def _comparison(self, node: Call, *, holds: bool) -> P | Junction[P]:
        left, right = node.arguments
        operator = node.name
        if isinstance(left, Literal):
            left, right, operator = right, left, TURNED.get(operator, operator)
        if isinstance(left, Call) and left.name in _SPANS:
            return self._span(left, operator, right, holds=holds)
        inner = _unfolded(left)
        name, folded = self._name(inner), inner is not left
        if not isinstance(right, Literal):
            raise self._refused("a value", right)
        if right.value is None:
            if operator not in ("eq", "ne"):
                return Junction(not holds, ())
            return self._leaf(Test(name, "isnull", ("true" if (operator == "eq") == holds else "false",), flag=True))
        if operator == "ne":
            operator, holds = "eq", not holds
        if folded:
            if operator != "eq" or not isinstance(right.value, str):
                raise self._refused("`eq` or `ne` and a text with tolower", right)
            return self._known(self._folded(name, "ilike", pattern_of(right.value)), name, holds=holds)
        flag = isinstance(right.value, bool)
        text = str(right.value).lower() if flag else str(right.value)
        return self._known(self._leaf(Test(name, operator, (text,), flag=flag)), name, holds=holds)

    def _span(self, left: Call, operator: str, right: Node, *, holds: bool) -> P | Junction[P]:
        """A year or a day of a time: from its beginning to where the next one begins."""
        if len(left.arguments) != 1:
            raise self._refused("one argument", left)
        name, text = self._name(left.arguments[0]), self._text(right)
        begin, following = self._bounds(left.name, text)
        if operator == "ne":
            operator, holds = "eq", not holds
        if operator == "eq":
            parts = [self._at(name, "ge", begin), self._at(name, "lt", following)]
            return self._known(all_of(parts), name, holds=holds)
        bound = {"lt": ("lt", begin), "le": ("lt", following), "gt": ("ge", following), "ge": ("ge", begin)}[operator]
        return self._known(self._at(name, *bound), name, holds=holds)

    def _bounds(self, span: str, text: str) -> tuple[date, date]:
        try:
            if span == "date":
                day = date.fromisoformat(text)
                return day, day_after(day)
            year = int(text)
            return date(year, 1, 1), day_after(date(year, 12, 31))
        except (ValueError, OverflowError):
            expected = "a day such as 2024-05-31" if span == "date" else "a year"
            parameter = self._parameter
            raise BadValue(f"`{parameter}`: expected {expected}.", parameter=parameter) from None

    def _at(self, name: str, operator: str, day: date) -> P | Junction[P]:
        return self._leaf(Test(name, operator, (day.isoformat(),)))

    def _text_function(self, node: Call) -> P | Junction[P]:
        if len(node.arguments) != 2:
            raise self._refused("two arguments", node)
        left, right = node.arguments
        inner = _unfolded(left)
        name, folded, text = self._name(inner), inner is not left, self._text(_unfolded(right))
        text = text if isinstance(right, Literal) else text.lower()
        if node.name == "contains":
            return self._folded(name, "icontains", text) if folded else self._leaf(Test(name, "contains", (text,)))
        if node.name == "startswith" and not folded:
            return self._leaf(Test(name, "prefix", (text,)))
        pattern = f"{pattern_of(text)}%" if node.name == "startswith" else f"%{pattern_of(text)}"
        return self._folded(name, "ilike", pattern) if folded else self._leaf(Test(name, "like", (pattern,)))

    def _folded(self, name: str, operator: str, text: str) -> P | Junction[P]:
        """A condition on a text in small letters: in these is nothing that is none itself."""
        found = self._leaf(Test(name, operator, (text,)))
        return found if text == text.lower() else all_of([found, negated(found)])

    def _unknown(self, node: Call) -> UnknownOperator:
        names = ["and", "or", "not", "in", *COMPARED, *self._functions, *_SPANS, "tolower"]
        detail = f"There is no `{node.name[:80]}` in conditions here, or not in this place."
        return UnknownOperator(detail, parameter=self._parameter, operators=names)

    def _name(self, node: Node) -> str:
        if isinstance(node, Call):
            raise self._unknown(node)
        if not isinstance(node, Property):
            raise self._refused("a property", node)
        return node.name

    def _text(self, node: Node) -> str:
        if not isinstance(node, Literal) or not isinstance(node.value, str):
            raise self._refused("a value", node)
        return node.value

    def _refused(self, expected: str, node: Node) -> BadValue:
        parameter = self._parameter
        return BadValue(f"`{parameter}`: expected {expected}, not {node.told}.", parameter=parameter)


def _unfolded(node: Node) -> Node:
    """What tolower is of; any other node as it is."""
    return node.arguments[0] if isinstance(node, Call) and node.name == "tolower" and len(node.arguments) == 1 else node
