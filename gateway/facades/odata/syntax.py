"""Expressions of OData: conditions, keys and aggregations, read into nodes."""

from __future__ import annotations

import re

from gateway.facades.reading import Call, Literal, Logic, Node, Property

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


class Expression(Logic):
    """A text in OData's language."""

    def __init__(self, text: str) -> None:
        super().__init__(text, _SIGNS)

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
            return self.quoted()
        if token.kind == "value":
            return Literal(self.take().text)
        if token.word in _WORDS:
            return Literal(_WORDS[self.take().word])
        raise self.unexpected("a value")

    def single(self) -> Node:
        """A comparison, or an operand by itself."""
        left = self._operand()
        if self.follows(*COMPARED):
            return Call(self.take().word, (left, self._operand()))
        if self.skip("in"):
            self.expect("(")
            return Call("in", (left, *self.listed()))
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
        arguments = self.listed()
        self.higher()
        return Call(name.word, arguments)
