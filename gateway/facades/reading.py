"""Reading of written conditions: signs one by one, to a bounded depth, into nodes that each dialect translates."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

DEEPEST = 60
"""How deep conditions and calls may lie in each other."""
LONGEST = 20_000
"""Most characters of a condition."""
TURNED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
"""Comparisons from the other side, of those that change by it."""


class ReadError(ValueError):
    """A condition that cannot be read, in words for the caller."""


@dataclass(frozen=True)
class Literal:
    """A value: true or false, nothing, or the text of any other, which its column reads."""

    value: str | bool | None

    @property
    def told(self) -> str:
        """It in words."""
        return "a value"


@dataclass(frozen=True)
class Property:
    """What a row has a value of."""

    name: str

    @property
    def told(self) -> str:
        """It in words."""
        return f"`{self.name[:80]}`"


@dataclass(frozen=True)
class Shape:
    """A place, as the text of one of our conditions on places."""

    condition: str
    text: str

    @property
    def told(self) -> str:
        """It in words."""
        return "a place"


@dataclass(frozen=True)
class Call:
    """An operator or function, its name in lower case."""

    name: str
    arguments: tuple[Node, ...]

    @property
    def told(self) -> str:
        """It in words."""
        return f"`{self.name[:80]}`"


Node = Literal | Property | Shape | Call


@dataclass(frozen=True)
class Token:
    """A piece of a text, with where it begins and ends. `kind` is the group of the pattern that it is of."""

    kind: str
    text: str
    begin: int
    end: int

    @property
    def word(self) -> str:
        """A name in lower case, or a sign."""
        return self.text.lower() if self.kind in ("name", "sign") else ""


class Reader:
    """One text and the place in it. A dialect reads on from here; it calls `deeper` where it goes into itself."""

    def __init__(self, text: str, pattern: re.Pattern[str]) -> None:
        """`pattern` has a named group for each kind of token. Raises ReadError."""
        if len(text) > LONGEST:
            raise ReadError(f"expected at most {LONGEST} characters")
        self.text, self._tokens, self._place, self._depth = text, _tokens(text, pattern), 0, 0

    @property
    def next(self) -> Token:
        """The token that comes next; after the last one it is of the kind `end`."""
        return self._tokens[self._place]

    def take(self) -> Token:
        """The next token, which is passed."""
        self._place += 1
        return self._tokens[self._place - 1]

    def follows(self, *words: str) -> bool:
        """Whether one of the words comes next."""
        return bool(self.next.word) and self.next.word in words

    def joined(self, word: str, part: Callable[[], Node]) -> Node:
        """One part, or several with the word between them as one call of that name."""
        parts = [part()]
        while self.skip(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Call(word, tuple(parts))

    def skip(self, *words: str) -> bool:
        """Whether the words come next, one after the other; if so they are passed."""
        found = tuple(token.word for token in self._tokens[self._place : self._place + len(words)])
        if found != words:
            return False
        self._place += len(words)
        return True

    def expect(self, word: str) -> None:
        """Pass a word, which must come next."""
        if not self.skip(word):
            raise self.unexpected(f"`{word}`")

    def unexpected(self, expected: str) -> ReadError:
        """What to raise where something else was expected."""
        token = self.next
        found = f"`{token.text[:40]}`" if token.text else "the end"
        return ReadError(f"expected {expected}, not {found}, at character {token.begin + 1}")

    def at_end(self) -> None:
        """Nothing may follow."""
        if self.next.kind != "end":
            raise self.unexpected("the end")

    def deeper(self) -> None:
        """One level down."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise too_deep()

    def higher(self) -> None:
        """One level up."""
        self._depth -= 1


class Logic(Reader, ABC):
    """Conditions joined by `or` and `and`, each of which may be negated. A dialect says what a single one is."""

    @abstractmethod
    def single(self) -> Node:
        """A condition without `or`, `and` and `not` around it, or what stands where one might."""

    def whole(self) -> Node:
        """A condition, and nothing after it."""
        found = self.condition()
        self.at_end()
        return found

    def condition(self) -> Node:
        """Conditions of which one must hold, or the only one."""
        self.deeper()
        found = self.joined("or", lambda: self.joined("and", self._one))
        self.higher()
        return found

    def listed(self) -> tuple[Node, ...]:
        """What stands in brackets with commas between, the opening one passed."""
        if self.skip(")"):
            return ()
        found = [self.condition()]
        while self.skip(","):
            found.append(self.condition())
        self.expect(")")
        return tuple(found)

    def quoted(self) -> Literal:
        """The text that comes next, in which two quotation marks are one."""
        return Literal(self.take().text[1:-1].replace("''", "'"))

    def _one(self) -> Node:
        if not self.skip("not"):
            return self.single()
        self.deeper()
        found = Call("not", (self._one(),))
        self.higher()
        return found


def exact_json(text: str | bytes, number: Callable[[str], Any] = str) -> Any:
    """JSON with its numbers made of the texts they are written as, so that none loses a digit. Raises ReadError."""
    try:
        orjson.loads(text)  # which is the stricter one: it takes no NaN and no half of a character
        return json.loads(text, parse_int=number, parse_float=number)
    except (ValueError, RecursionError) as error:
        raise ReadError("expected JSON") from error


def too_deep() -> ReadError:
    """What to raise where conditions lie too deep in each other."""
    return ReadError(f"conditions lie more than {DEEPEST} deep in each other")


def _tokens(text: str, pattern: re.Pattern[str]) -> list[Token]:
    found: list[Token] = []
    place, length = 0, len(text.rstrip())
    while place < length:
        match = pattern.match(text, place)
        if match is None or match.lastgroup is None:
            raise ReadError(f"cannot be read from character {place + 1} on")
        found.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup), match.end()))
        place = match.end()
    return [*found, Token("end", "", length, length)]
