"""CQL2 as text: a reader by recursive descent, of bounded depth, which keeps every digit of a number."""

from __future__ import annotations

import re

from gateway.facades.ogc.places import box, point
from gateway.facades.reading import Call, Literal, Logic, Node, Property, Shape, Token

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


def read_text(text: str) -> Node:
    """The nodes of a filter. Raises ReadError, which names the place."""
    return _Reader(text, _SIGNS).whole()


class _Reader(Logic):
    def single(self) -> Node:
        """A predicate, or an operand by itself."""
        left = self._operand()
        if self.follows(*_COMPARED):
            return Call(self.take().word, (left, self._operand()))
        if self.skip("is", "null"):
            return Call("isnull", (left,))
        if self.skip("is", "not", "null"):
            return Call("not", (Call("isnull", (left,)),))
        turned = self.skip("not")
        found = self._test(left)
        if found is None:
            if turned:
                raise self.unexpected("`like`, `between` or `in`")
            return left
        return Call("not", (found,)) if turned else found

    def _test(self, left: Node) -> Node | None:
        for word in ("like", "ilike"):
            if self.skip(word):
                return Call(word, (left, self._operand()))
        if self.skip("between"):
            low = self._operand()
            self.expect("and")
            return Call("between", (left, low, self._operand()))
        if self.skip("in"):
            self.expect("(")
            return Call("in", (left, *self.listed()))
        return None

    def _operand(self) -> Node:
        token = self.next
        if token.word == "(":
            self.take()
            found = self.condition()
            self.expect(")")
            return found
        if token.word in ("+", "-") or token.kind == "number":
            return Literal(self._number())
        if token.kind == "text":
            return self.quoted()
        if token.kind == "quoted":
            return Property(self.take().text[1:-1].replace('""', '"'))
        if token.kind == "name":
            return self._named()
        raise self.unexpected("a property, a value or a condition")

    def _named(self) -> Node:
        token = self.take()
        if token.word in ("true", "false"):
            return Literal(token.word == "true")
        if not self.follows("("):
            return Property(token.text)
        if token.word in _SHAPES:
            return self._shape(token)
        self.take()
        self.deeper()
        arguments = self.listed()
        self.higher()
        if token.word in ("date", "timestamp") and len(arguments) == 1:
            return arguments[0]
        return Call(token.word, arguments)

    def _shape(self, token: Token) -> Shape:
        if token.word in _AREAS:
            return Shape("intersects", self.text[token.begin : self._closing()])
        self.expect("(")
        numbers = [self._number()]
        while not self.skip(")"):
            if token.word == "bbox":
                self.expect(",")
            numbers.append(self._number())
        return box(numbers) if token.word == "bbox" else point(numbers)

    def _number(self) -> str:
        minus = self.follows("-")
        if self.follows("-", "+"):
            self.take()
        if self.next.kind != "number":
            raise self.unexpected("a number")
        return ("-" if minus else "") + self.take().text

    def _closing(self) -> int:
        """Where the bracket that comes next is closed, in the text; it is passed with all that is in it."""
        opened = 0
        while self.next.kind != "end":
            token = self.take()
            opened += {"(": 1, ")": -1}.get(token.word, 0)
            if not opened:
                return token.end
        raise self.unexpected("`)`")
