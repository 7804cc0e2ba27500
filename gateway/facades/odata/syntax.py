"""Expressions of OData: conditions, keys and aggregations, read into nodes."""

from __future__ import annotations

import re

from gateway.facades.reading import Call, Literal, Node, Property, Reader

_SIGNS = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^']|'')*')
      | (?P<value>-?[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9]{2}:[0-9]{2})?)?
          | [0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?
          | [+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?)
      | (?P<name>\$?[^\W\d]\w*)
      | (?P<sign>[(),/=])
    )""",
    re.VERBOSE,
)
COMPARED = ("eq", "ne", "gt", "ge", "lt", "le")
_KEYWORDS = ("and", "or", "not", "in", *COMPARED)
_WORDS = {"true": True, "false": False, "null": None}


class Expression(Reader):
    """A text in OData's language."""

    def __init__(self, text: str) -> None:
        super().__init__(text, _SIGNS)

    def whole(self) -> Node:
        """A condition, and nothing after it."""
        found = self.condition()
        self.at_end()
        return found

    def condition(self) -> Node:
        """A condition: `or` of `and` of what may be negated."""
        self.deeper()
        found = self.joined("or", self._both)
        self.higher()
        return found

    def name(self) -> str:
        """A name as it is written."""
        if self.next.kind != "name":
            raise self.unexpected("a name")
        return self.take().text

    def names(self) -> list[str]:
        """Names between commas, in brackets of which the opening one is passed."""
        found = [self.name()]
        while self.skip(","):
            found.append(self.name())
        self.expect(")")
        return found

    def value(self) -> Literal:
        """A value."""
        token = self.next
        if token.kind == "text":
            return Literal(self.take().text[1:-1].replace("''", "'"))
        if token.kind == "value":
            return Literal(self.take().text)
        if token.word in _WORDS:
            return Literal(_WORDS[self.take().word])
        raise self.unexpected("a value")

    def _both(self) -> Node:
        return self.joined("and", self._one)

    def _one(self) -> Node:
        if self.skip("not"):
            self.deeper()
            found = Call("not", (self._one(),))
            self.higher()
            return found
        left = self._operand()
        if self.follows(*COMPARED):
            return Call(self.take().word, (left, self._operand()))
        if self.skip("in"):
            self.expect("(")
            return Call("in", (left, *self._arguments()))
        return left

    def _operand(self) -> Node:
        if self.skip("("):
            found = self.condition()
            self.expect(")")
            return found
        if self.next.kind != "name" or self.next.word in _WORDS:
            return self.value()
        if self.follows(*_KEYWORDS):
            raise self.unexpected("a property, a function or a value")
        name = self.take()
        if not self.skip("("):
            return Property(name.text)
        self.deeper()
        arguments = self._arguments()
        self.higher()
        return Call(name.word, arguments)

    def _arguments(self) -> tuple[Node, ...]:
        """What stands in brackets, the opening one passed."""
        if self.skip(")"):
            return ()
        found = [self.condition()]
        while self.skip(","):
            found.append(self.condition())
        self.expect(")")
        return tuple(found)
