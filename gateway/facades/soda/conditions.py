"""Expressions of `where` and `having` as conditions of the query tree: every kind of expression is on a list here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.facades.numbers import beside
from gateway.facades.soda.nodes import Among, Both, Call, Literal, Name, Negation, Node, Pair
from gateway.facades.soda.spans import in_spans
from gateway.facades.soda.times import SPANS, TIMES, YEAR, bucket_of
from gateway.facades.soda.values import floored, moment_of
from gateway.problems import BadValue, TooManyConditions, UnknownOperator
from gateway.query.logic import Junction, Part, all_of, any_of, negated
from gateway.query.operators import OPERATORS, Operator, pattern_of
from gateway.query.parse import Limits
from gateway.view.types import Family, Scalar, ValueType

P = TypeVar("P", bound=Part)

LOCATION = "location"  # the point of a row, of its columns lon and lat
FUNCTIONS = (
    "starts_with", "contains", "within_box", "within_circle", "within_polygon", "intersects", "distance_in_meters",
    "upper", "lower", YEAR, *SPANS,
)  # fmt: skip
_NAMES = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


@dataclass(frozen=True)
class Operand(Generic[P]):
    """What conditions are about: its name, its type, and how one is made of it."""

    name: str
    kind: ValueType
    make: Callable[[Operator, tuple[Scalar, ...]], P]


@dataclass(frozen=True)
class Conditions(Generic[P]):
    """Reads conditions. `operand` gives that of an expression, None where it is of none; `place` makes a condition on
    the point of a row, by the names that the native parameters have."""

    operand: Callable[[Node], Operand[P] | None]
    place: Callable[[str, str], P] | None
    limits: Limits
    parameter: str

    def read(self, node: Node) -> P | Junction[P]:
        """The condition that an expression is. Raises the problems of what cannot be asked."""
        if isinstance(node, Both):
            join = all_of if node.word == "and" else any_of
            return join([self.read(part) for part in node.parts])
        if isinstance(node, Negation):
            return negated(self.read(node.part))
        if isinstance(node, Pair):
            return self._test(node)
        if isinstance(node, Among):
            return self._among(node)
        return self._alone(node)

    def equal(self, name: str, text: str) -> P | Junction[P]:
        """`name = text`, as a parameter of its own says it."""
        return self._compared(Name(name), "=", Literal(text, "text"))

    def _alone(self, node: Node) -> P | Junction[P]:
        """What is a condition by itself: a call, a column of yes and no, or true and false."""
        if isinstance(node, Literal) and node.kind == "boolean":
            return all_of(()) if node.text == "true" else any_of(())
        if isinstance(node, Call) and self.operand(node) is None:
            return self._called(node)
        found = self._known(node)
        if found.kind.family is not Family.BOOLEAN:
            raise self.refusal(f"`{found.name}` alone is no condition")
        return found.make(OPERATORS["eq"], (True,))

    def _test(self, node: Pair) -> P | Junction[P]:
        left, right, sign = node.left, node.right, node.operator
        if isinstance(left, Literal) and not isinstance(right, Literal) and sign in _FLIPPED:
            left, right, sign = right, left, _FLIPPED[sign]
        if isinstance(left, Literal) and isinstance(right, Literal) and sign in ("=", "!="):
            return all_of(()) if (left == right) is (sign == "=") else any_of(())
        if sign not in _NAMES and sign != "like":
            raise self.refusal(f"`{sign}` is not reckoned with here, but in SQL at /v1/sql")
        if not isinstance(right, Literal) or right.kind == "null":
            raise self.refusal("a column is compared with a value; one that is missing is asked for by `is null`")
        return self._like(left, right.text) if sign == "like" else self._compared(left, sign, right)

    def _among(self, node: Among) -> P | Junction[P]:
        if node.test == "is":
            return self._known(node.value).make(OPERATORS["isnull"], (True,))
        if not all(isinstance(other, Literal) and other.kind != "null" for other in node.others):
            raise self.refusal(f"`{node.test}` takes values")
        values = [other for other in node.others if isinstance(other, Literal)]
        if node.test == "between":
            low, high = (self._compared(node.value, sign, v) for sign, v in zip((">=", "<="), values, strict=True))
            return all_of([low, high])
        if len(values) > self.limits.max_set_values:
            raise TooManyConditions(f"expected at most {self.limits.max_set_values} values.", parameter=self.parameter)
        found = self.operand(node.value)
        if found is None or found.kind.family is Family.NESTED:
            return any_of([self._compared(node.value, "=", value) for value in values])
        self._require(found, "in")
        read = [found.kind.parse(text) for text, exact in (self._floored(found, value) for value in values) if exact]
        return found.make(OPERATORS["in"], tuple(read)) if read else self._fitted(found, "eq", values[0])

    def _compared(self, node: Node, sign: str, value: Literal) -> P | Junction[P]:
        found = self.operand(node)
        if found is not None:
            return self._fitted(found, _NAMES[sign], value)
        if not isinstance(node, Call):
            raise self.refusal("only columns are compared, each with a value")
        if node.name in ("upper", "lower"):
            return self._folded(node, pattern_of(value.text), sign)
        if node.name == "distance_in_meters":
            return self._near(node, sign, value)
        return self._span(node, sign, value)

    def _fitted(self, found: Operand[P], operator: str, value: Literal) -> P | Junction[P]:
        """`operand operator value`, where the type of the operand may have no such value."""
        self._require(found, operator)
        text, exact = self._floored(found, value)
        return beside(operator, text, exact, lambda name, text: found.make(OPERATORS[name], (found.kind.parse(text),)))

    def _floored(self, found: Operand[P], value: Literal) -> tuple[str, bool]:
        try:
            text, exact = floored(found.kind, value)
            found.kind.parse(text)
        except ValueError as error:
            raise BadValue(f"`{found.name}`: {error}.", parameter=self.parameter) from error
        return text, exact

    def _span(self, node: Call, sign: str, value: Literal) -> P | Junction[P]:
        """A condition on a span of a time."""
        span = bucket_of(node.name)
        if span is None or len(node.arguments) != 1:
            there = f"there are {', '.join(FUNCTIONS)}, and at /v1/sql more in SQL"
            raise self.refusal(f"there is no function `{node.name[:40]}` here; {there}")
        found = self._known(node.arguments[0])
        if found.kind.family not in TIMES:
            raise self.refusal(f"`{found.name}` is no time")
        try:
            moment = moment_of(f"{int(value.text):04d}-01-01" if node.name == YEAR else value.text)
        except ValueError:
            raise self.refusal(f"`{node.name}` is compared with a year or a moment such as 2024-05-01") from None
        limits = in_spans(span.name, "=" if sign == "!=" else sign, moment)
        told = all_of([self._fitted(found, limit.operator, Literal(str(limit.moment), "text")) for limit in limits])
        return negated(told) if sign == "!=" else told

    def _like(self, node: Node, pattern: str) -> P | Junction[P]:
        if isinstance(node, Call) and node.name in ("upper", "lower"):
            return self._folded(node, pattern, "=")
        found = self._known(node)
        self._require(found, "like")
        return found.make(OPERATORS["like"], (pattern,))

    def _folded(self, node: Call, pattern: str, sign: str) -> P | Junction[P]:
        """upper(…) or lower(…) of a text is as a pattern."""
        if len(node.arguments) != 1 or sign not in ("=", "!="):
            raise self.refusal(f"`{node.name}` takes a column, and is compared by =, !=, like or in")
        found = self._known(node.arguments[0])
        self._require(found, "ilike")
        told: P | Junction[P] = found.make(OPERATORS["ilike"], (pattern,))
        if pattern != (pattern.upper() if node.name == "upper" else pattern.lower()):
            told = all_of([told, negated(told)])  # no text is so, and every text is otherwise
        return told if sign == "=" else negated(told)

    def _called(self, node: Call) -> P | Junction[P]:
        """A function that is a condition."""
        if node.name in ("starts_with", "contains"):
            return self._part(node)
        if self.place is None or node.name not in _PLACES:
            raise self.refusal(f"there is no condition `{node.name[:40]}` here; there are {', '.join(FUNCTIONS)}")
        native, count, write = _PLACES[node.name]
        return self.place(native, write(self._place(node, count)))

    def _part(self, node: Call) -> P | Junction[P]:
        inner, text = (*node.arguments, None, None)[:2]
        if len(node.arguments) != 2 or inner is None or not isinstance(text, Literal) or text.kind != "text":
            raise self.refusal(f"`{node.name}` takes a column and a text")
        pattern = pattern_of(text.text) + "%"
        if isinstance(inner, Call) and inner.name in ("upper", "lower"):
            return self._folded(inner, pattern if node.name == "starts_with" else f"%{pattern}", "=")
        found, operator = self._known(inner), "prefix" if node.name == "starts_with" else "contains"
        self._require(found, operator)
        return found.make(OPERATORS[operator], (text.text,))

    def _place(self, node: Call, count: int) -> list[str]:
        """The values of a condition on places, behind the column."""
        where, *rest = node.arguments or (None,)
        values = [value.text for value in rest if isinstance(value, Literal) and value.kind in ("number", "text")]
        if where != Name(LOCATION) or len(values) != count or len(rest) != count:
            raise self.refusal(f"`{node.name}` takes `{LOCATION}` and {count} values")
        return values

    def _near(self, node: Call, sign: str, value: Literal) -> P | Junction[P]:
        (point,) = self._place(node, 1)
        parts = point.upper().replace("POINT", "").strip(" ()").split()
        if self.place is None or sign not in ("<", "<=") or len(parts) != 2:
            raise self.refusal(f"`distance_in_meters({LOCATION}, 'POINT (lon lat)')` is compared by < or <= only")
        return self.place("near", ",".join([*parts, value.text]))

    def _known(self, node: Node) -> Operand[P]:
        found = self.operand(node)
        if found is None:
            raise self.refusal("expected a column")
        return found

    def _require(self, found: Operand[P], operator: str) -> None:
        if not OPERATORS[operator].fits(found.kind):
            raise UnknownOperator(
                f"`{found.name}` is {found.kind.name} and cannot be asked so ({operator}).", parameter=self.parameter
            )

    def refusal(self, detail: str) -> BadValue:
        """What is told of an expression that cannot be asked."""
        return BadValue(f"`{self.parameter}`: {detail}.", parameter=self.parameter)


def _box(values: list[str]) -> str:
    north, west, south, east = values
    return f"{west},{south},{east},{north}"


def _circle(values: list[str]) -> str:
    lat, lon, metres = values
    return f"{lon},{lat},{metres}"


_PLACES: dict[str, tuple[str, int, Callable[[list[str]], str]]] = {
    "within_box": ("bbox", 4, _box),
    "within_circle": ("near", 3, _circle),
    "within_polygon": ("within", 1, "".join),
    "intersects": ("intersects", 1, "".join),
}
