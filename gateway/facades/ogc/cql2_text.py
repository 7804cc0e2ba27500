"""CQL2 as text: a reader by recursive descent, of bounded depth, which keeps every digit of a number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.facades.ogc.cql2_nodes import DEEPEST, LONGEST, Call, CQLError, Literal, Node, Property, Shape, box, point

_SIGNS = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)
      | (?P<name>[^\W\d][\w.]*)
      | (?P<sign><>|<=|>=|[=<>(),+-])
    )""",
    re.VERBOSE,
)
_COMPARED = ("=", "<>", "<", "<=", ">", ">=")
_AREAS = ("polygon", "multipolygon")
_SHAPES = (*_AREAS, "point", "bbox")


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    begin: int
    end: int

    @property
    def word(self) -> str:
        """A name in lower case, or a sign."""
        return self.text.lower() if self.kind in ("name", "sign") else ""


def read_text(text: str) -> Node:
    """The nodes of a filter. Raises CQLError, which names the place."""
    if len(text) > LONGEST:
        raise CQLError(f"expected at most {LONGEST} characters")
    return _Reader(text).whole()


class _Reader:
    """One filter and the place in it."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._place, self._depth = text, _tokens(text), 0, 0

    def whole(self) -> Node:
        """The condition, and nothing after it."""
        found = self._either()
        if self._next.kind != "end":
            raise self._unexpected("the end")
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _take(self) -> _Token:
        self._place += 1
        return self._tokens[self._place - 1]

    def _is(self, *words: str) -> bool:
        return self._next.word in words and bool(self._next.word)

    def _skip(self, *words: str) -> bool:
        """Whether the words come next; if so they are passed."""
        found = tuple(token.word for token in self._tokens[self._place : self._place + len(words)])
        if found != words:
            return False
        self._place += len(words)
        return True

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            raise self._unexpected(f"`{word}`")

    def _unexpected(self, expected: str) -> CQLError:
        token = self._next
        found = f"`{token.text[:40]}`" if token.text else "the end"
        return CQLError(f"expected {expected}, not {found}, at character {token.begin + 1}")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise CQLError(f"conditions lie more than {DEEPEST} deep in each other")

    def _either(self) -> Node:
        self._deeper()
        parts = [self._both()]
        while self._skip("or"):
            parts.append(self._both())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Call("or", tuple(parts))

    def _both(self) -> Node:
        parts = [self._one()]
        while self._skip("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Call("and", tuple(parts))

    def _one(self) -> Node:
        """A condition that may be negated."""
        if self._skip("not"):
            self._deeper()
            found = Call("not", (self._one(),))
            self._depth -= 1
            return found
        return self._predicate(self._operand())

    def _predicate(self, left: Node) -> Node:
        if self._is(*_COMPARED):
            return Call(self._take().word, (left, self._operand()))
        if self._skip("is", "null"):
            return Call("isnull", (left,))
        if self._skip("is", "not", "null"):
            return Call("not", (Call("isnull", (left,)),))
        turned = self._skip("not")
        found = self._test(left)
        if found is None:
            if turned:
                raise self._unexpected("`like`, `between` or `in`")
            return left
        return Call("not", (found,)) if turned else found

    def _test(self, left: Node) -> Node | None:
        for word in ("like", "ilike"):
            if self._skip(word):
                return Call(word, (left, self._operand()))
        if self._skip("between"):
            low = self._operand()
            self._expect("and")
            return Call("between", (left, low, self._operand()))
        if self._skip("in"):
            self._expect("(")
            return Call("in", (left, *self._list()))
        return None

    def _operand(self) -> Node:
        token = self._next
        if token.word == "(":
            self._take()
            found = self._either()
            self._expect(")")
            return found
        if token.word in ("+", "-") or token.kind == "number":
            return Literal(self._number())
        if token.kind == "text":
            return Literal(self._take().text[1:-1].replace("''", "'"))
        if token.kind == "quoted":
            return Property(self._take().text[1:-1].replace('""', '"'))
        if token.kind == "name":
            return self._named()
        raise self._unexpected("a property, a value or a condition")

    def _named(self) -> Node:
        token = self._take()
        if token.word in ("true", "false"):
            return Literal(token.word == "true")
        if not self._is("("):
            return Property(token.text)
        if token.word in _SHAPES:
            return self._shape(token)
        self._take()
        self._deeper()
        arguments = self._list()
        self._depth -= 1
        if token.word in ("date", "timestamp") and len(arguments) == 1:
            return arguments[0]
        return Call(token.word, arguments)

    def _list(self) -> tuple[Node, ...]:
        """What stands in brackets, the opening one passed."""
        if self._skip(")"):
            return ()
        found = [self._either()]
        while self._skip(","):
            found.append(self._either())
        self._expect(")")
        return tuple(found)

    def _shape(self, token: _Token) -> Shape:
        if token.word in _AREAS:
            return Shape("intersects", self._text[token.begin : self._closing()])
        self._expect("(")
        numbers = [self._number()]
        while not self._skip(")"):
            if token.word == "bbox":
                self._expect(",")
            numbers.append(self._number())
        if token.word == "bbox":
            return box(numbers)
        if len(numbers) not in (2, 3):
            raise CQLError("expected a point of two numbers")
        return point(numbers[0], numbers[1])

    def _number(self) -> str:
        minus = self._is("-")
        if self._is("-", "+"):
            self._take()
        if self._next.kind != "number":
            raise self._unexpected("a number")
        return ("-" if minus else "") + self._take().text

    def _closing(self) -> int:
        """Where the bracket that comes next is closed, in the text; it is passed with all that is in it."""
        opened = 0
        while self._next.kind != "end":
            token = self._take()
            opened += {"(": 1, ")": -1}.get(token.word, 0)
            if not opened:
                return token.end
        raise self._unexpected("`)`")


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place, length = 0, len(text.rstrip())
    while place < length:
        match = _SIGNS.match(text, place)
        if match is None or match.lastgroup is None:
            raise CQLError(f"cannot be read from character {place + 1} on")
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup), match.end()))
        place = match.end()
    return [*found, _Token("end", "", length, length)]
