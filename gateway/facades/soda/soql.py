"""The grammar of SoQL: texts of clauses to trees of expressions. No name is looked up here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from gateway.facades.soda.nodes import (
    STAR,
    WORDS,
    Among,
    Both,
    Call,
    Literal,
    Name,
    Negation,
    Node,
    Ordered,
    Pair,
    Selected,
)

_DEEPEST = 40  # brackets and negations inside one another
_SIGNS = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<quoted>`[^`]+`)|(?P<word>[:@]?[^\W\d]\w*)|(?P<sign><=|>=|!=|<>|==|\|\||[-+*/%^=<>(),]))\s*"
)
CLAUSES = ("select", "where", "group", "having", "order", "limit", "offset", "search")
_COMPARISONS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_SUMS, _PRODUCTS = ("+", "-", "||"), ("*", "/", "%", "^")
_Read = TypeVar("_Read")


class SoqlError(ValueError):
    """A text that is no SoQL; says where."""


def parse_condition(text: str) -> Node:
    """The condition of a `where` or `having` clause. Raises SoqlError."""
    return _whole(text, lambda reader: reader.either())


def parse_select(text: str) -> tuple[bool, tuple[Selected, ...]]:
    """The expressions of a `select` clause, and whether they are to be distinct. Raises SoqlError."""
    return _whole(text, lambda reader: reader.select())


def parse_group(text: str) -> tuple[Node, ...]:
    """The expressions of a `group by` clause. Raises SoqlError."""
    return _whole(text, lambda reader: reader.several(reader.either))


def parse_order(text: str) -> tuple[Ordered, ...]:
    """The expressions of an `order by` clause. Raises SoqlError."""
    return _whole(text, lambda reader: reader.several(reader.ordered))


def clauses(text: str) -> dict[str, str]:
    """A whole query as its clauses, each under its name and as it is written. Raises SoqlError."""
    found: dict[str, str] = {}
    starts: list[tuple[str, int, int]] = []
    depth = 0
    for kind, sign, start, end in _signs(text):
        word = sign.lower() if kind == "word" else ""
        depth += {"(": 1, ")": -1}.get(sign, 0) if kind == "sign" else 0
        if (
            word == "by"
            and starts
            and text[starts[-1][2] : start].strip() == ""
            and starts[-1][0] in ("group", "order")
        ):
            starts[-1] = (*starts[-1][:2], end)
        elif depth == 0 and word in CLAUSES:
            starts.append((word, start, end))
    if not starts or text[: starts[0][1]].strip():
        raise SoqlError("expected a query that begins with SELECT or another clause")
    for place, (word, _, begin) in enumerate(starts):
        if word in found:
            raise SoqlError(f"expected {word.upper()} once")
        found[word] = text[begin : starts[place + 1][1] if place + 1 < len(starts) else len(text)].strip()
    return found


def _signs(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Kind, text, start and end of every sign."""
    place = 0
    while place < len(text):
        found = _SIGNS.match(text, place)
        if found is None:
            raise SoqlError(f"cannot read {text[place : place + 20]!r}")
        kind = found.lastgroup or ""
        yield kind, found[kind], found.start(kind), found.end(kind)
        place = found.end()


def _whole(text: str, read: Callable[[_Reader], _Read]) -> _Read:
    reader = _Reader(text)
    found = read(reader)
    reader.end()
    return found


class _Reader:
    """Reads signs from left to right, by recursive descent."""

    def __init__(self, text: str) -> None:
        self._signs = [(kind, sign) for kind, sign, _, _ in _signs(text)]
        self._place = self._depth = 0

    def end(self) -> None:
        """Nothing may follow."""
        if self._place < len(self._signs):
            raise self._unexpected()

    def several(self, read: Callable[[], _Read]) -> tuple[_Read, ...]:
        """Expressions, comma separated."""
        found = [read()]
        while self._sign(","):
            found.append(read())
        return tuple(found)

    def select(self) -> tuple[bool, tuple[Selected, ...]]:
        """What is selected."""
        distinct = self._word("distinct")
        return distinct, self.several(self._selected)

    def _selected(self) -> Selected:
        node = STAR if self._sign("*") else self.either()
        return Selected(node, self._name() if self._word("as") else None)

    def ordered(self) -> Ordered:
        """One expression with its direction."""
        node = self.either()
        descending = self._word("desc")
        if not descending:
            self._word("asc")
        return Ordered(node, descending)

    def either(self) -> Node:
        """Parts joined by `or`."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SoqlError(f"expected at most {_DEEPEST} brackets inside one another")
        found = self._joined("or", lambda: self._joined("and", self._negation))
        self._depth -= 1
        return found

    def _joined(self, word: str, read: Callable[[], Node]) -> Node:
        parts = [read()]
        while self._word(word):
            parts.append(read())
        return parts[0] if len(parts) == 1 else Both(word, tuple(parts))

    def _negation(self) -> Node:
        times = 0
        while self._word("not"):
            times += 1
        found = self._test()
        for _ in range(times % 2):
            found = Negation(found)
        return found

    def _test(self) -> Node:
        left = self._reckoned(_SUMS)
        kind, sign = self._peek()
        if kind == "sign" and sign in _COMPARISONS:
            self._place += 1
            return Pair(_COMPARISONS[sign], left, self._reckoned(_SUMS))
        if self._word("is"):
            negated = self._word("not")
            self._expect("null")
            return _perhaps(Among("is", left, ()), negated)
        negated = self._word("not")
        if self._word("in"):
            self._need("(")
            found: Node = Among("in", left, self.several(lambda: self._reckoned(_SUMS)))
            self._need(")")
        elif self._word("like"):
            found = Pair("like", left, self._reckoned(_SUMS))
        elif self._word("between"):
            low = self._reckoned(_SUMS)
            self._expect("and")
            found = Among("between", left, (low, self._reckoned(_SUMS)))
        elif negated:
            raise self._unexpected()
        else:
            return left
        return _perhaps(found, negated)

    def _reckoned(self, signs: tuple[str, ...]) -> Node:
        read = self._value if signs == _PRODUCTS else lambda: self._reckoned(_PRODUCTS)
        found = read()
        while self._peek()[0] == "sign" and self._peek()[1] in signs:
            sign = self._next()[1]
            found = Pair(sign, found, read())
        return found

    def _value(self) -> Node:
        kind, sign = self._next()
        if kind == "text":
            return Literal(sign[1:-1].replace("''", "'"), "text")
        if kind == "number":
            return Literal(sign, "number")
        if kind == "quoted":
            return Name(sign[1:-1])
        if sign == "-" and self._peek()[0] == "number":
            return Literal(f"-{self._next()[1]}", "number")
        if sign == "(":
            found = self.either()
            self._need(")")
            return found
        if kind != "word":
            raise self._unexpected(back=1)
        return self._named(sign)

    def _named(self, word: str) -> Node:
        lower = word.lower()
        if lower in ("true", "false", "null"):
            return Literal(lower, "null" if lower == "null" else "boolean")
        if lower in WORDS:
            raise self._unexpected(back=1)
        if not self._sign("("):
            return Name(word)
        distinct = self._word("distinct")
        arguments: tuple[Node, ...] = ()
        if self._sign("*"):
            arguments = (STAR,)
        elif self._peek() != ("sign", ")"):
            arguments = self.several(self.either)
        self._need(")")
        return Call(lower, arguments, distinct)

    def _name(self) -> str:
        kind, sign = self._next()
        if kind not in ("word", "quoted"):
            raise self._unexpected(back=1)
        return sign.strip("`")

    def _peek(self) -> tuple[str, str]:
        return self._signs[self._place] if self._place < len(self._signs) else ("", "")

    def _next(self) -> tuple[str, str]:
        found = self._peek()
        self._place += 1
        return found

    def _word(self, word: str) -> bool:
        kind, sign = self._peek()
        found = kind == "word" and sign.lower() == word
        self._place += found
        return found

    def _sign(self, sign: str) -> bool:
        found = self._peek() == ("sign", sign)
        self._place += found
        return found

    def _expect(self, word: str) -> None:
        if not self._word(word):
            raise self._unexpected()

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            raise self._unexpected()

    def _unexpected(self, back: int = 0) -> SoqlError:
        place = self._place - back
        if place >= len(self._signs):
            return SoqlError("the text ends too early")
        return SoqlError(f"did not expect {self._signs[place][1][:40]!r}")


def _perhaps(node: Node, negated: bool) -> Node:
    return Negation(node) if negated else node
