"""The grammar of SoQL: texts of clauses to trees of expressions. No name is looked up here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from gateway.facades.reading import Reader, Token
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

CLAUSES = ("select", "where", "group", "having", "order", "limit", "offset", "search")
_TOKENS = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<quoted>`[^`]+`)|(?P<name>[:@]?[^\W\d]\w*)|(?P<sign><=|>=|!=|<>|==|\|\||[-+*/%^=<>(),]))"
)
_COMPARISONS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_SUMS, _PRODUCTS = ("+", "-", "||"), ("*", "/", "%", "^")
_Read = TypeVar("_Read")


def parse_condition(text: str) -> Node:
    """The condition of a `where` or `having` clause. Raises ReadError."""
    return _whole(text, _either)


def parse_select(text: str) -> tuple[bool, tuple[Selected, ...]]:
    """The expressions of a `select` clause, and whether they are to be distinct. Raises ReadError."""
    return _whole(text, lambda reader: (reader.skip("distinct"), _several(reader, _selected)))


def parse_group(text: str) -> tuple[Node, ...]:
    """The expressions of a `group by` clause. Raises ReadError."""
    return _whole(text, lambda reader: _several(reader, _either))


def parse_order(text: str) -> tuple[Ordered, ...]:
    """The expressions of an `order by` clause. Raises ReadError."""
    return _whole(text, lambda reader: _several(reader, _ordered))


def clauses(text: str) -> dict[str, str]:
    """A whole query as its clauses, each under its name and as it is written. Raises ReadError."""
    reader, found, depth = Reader(text, _TOKENS), dict[str, str](), 0
    name, begin = "", 0
    while True:
        token = reader.next
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if token.kind == "end" or (depth == 0 and token.word in CLAUSES):
            written = text[begin : token.begin].strip()
            if name in found or (not name and (written or token.kind == "end")):
                raise reader.unexpected("SELECT or another clause, each once")
            found |= {name: written} if name else {}
            if token.kind == "end":
                return found
            name = reader.take().word
            begin = token.end
            if name in ("group", "order") and reader.follows("by"):
                begin = reader.take().end
        else:
            reader.take()


def _whole(text: str, read: Callable[[Reader], _Read]) -> _Read:
    reader = Reader(text, _TOKENS)
    found = read(reader)
    reader.at_end()
    return found


def _several(reader: Reader, read: Callable[[Reader], _Read]) -> tuple[_Read, ...]:
    found = [read(reader)]
    while reader.skip(","):
        found.append(read(reader))
    return tuple(found)


def _selected(reader: Reader) -> Selected:
    node = STAR if reader.skip("*") else _either(reader)
    if not reader.skip("as"):
        return Selected(node)
    if reader.next.kind not in ("name", "quoted"):
        raise reader.unexpected("a name")
    return Selected(node, reader.take().text.strip("`"))


def _ordered(reader: Reader) -> Ordered:
    node, descending = _either(reader), reader.skip("desc")
    if not descending:
        reader.skip("asc")
    return Ordered(node, descending)


def _either(reader: Reader) -> Node:
    reader.deeper()
    found = _joined(reader, "or", lambda: _joined(reader, "and", lambda: _negation(reader)))
    reader.higher()
    return found


def _joined(reader: Reader, word: str, read: Callable[[], Node]) -> Node:
    parts = [read()]
    while reader.skip(word):
        parts.append(read())
    return parts[0] if len(parts) == 1 else Both(word, tuple(parts))


def _negation(reader: Reader) -> Node:
    negated = False
    while reader.skip("not"):
        negated = not negated
    found = _compared(reader)
    return Negation(found) if negated else found


def _compared(reader: Reader) -> Node:
    left = _reckoned(reader, _SUMS)
    if reader.next.text in _COMPARISONS and reader.next.kind == "sign":
        return Pair(_COMPARISONS[reader.take().text], left, _reckoned(reader, _SUMS))
    if reader.skip("is"):
        negated = reader.skip("not")
        reader.expect("null")
        return Negation(Among("is", left, ())) if negated else Among("is", left, ())
    negated = reader.skip("not")
    found = _among(reader, left)
    if found is None:
        if negated:
            raise reader.unexpected("`in`, `like` or `between`")
        return left
    return Negation(found) if negated else found


def _among(reader: Reader, left: Node) -> Node | None:
    """What follows a value where it is compared with several, or with a pattern."""
    if reader.skip("in", "("):
        others = _several(reader, lambda inner: _reckoned(inner, _SUMS))
        reader.expect(")")
        return Among("in", left, others)
    if reader.skip("like"):
        return Pair("like", left, _reckoned(reader, _SUMS))
    if reader.skip("between"):
        low = _reckoned(reader, _SUMS)
        reader.expect("and")
        return Among("between", left, (low, _reckoned(reader, _SUMS)))
    return None


def _reckoned(reader: Reader, signs: tuple[str, ...]) -> Node:
    def read() -> Node:
        return _value(reader) if signs == _PRODUCTS else _reckoned(reader, _PRODUCTS)

    found = read()
    while reader.follows(*signs):
        found = Pair(reader.take().text, found, read())
    return found


def _value(reader: Reader) -> Node:
    token = reader.next
    if reader.skip("("):
        found = _either(reader)
        reader.expect(")")
        return found
    minus = reader.skip("-")
    if reader.next.kind == "number":
        return Literal(f"-{reader.take().text}" if minus else reader.take().text, "number")
    if not minus and token.kind == "text":
        return Literal(reader.take().text[1:-1].replace("''", "'"), "text")
    if not minus and token.kind == "quoted":
        return Name(reader.take().text[1:-1])
    if minus or token.kind != "name" or token.word in WORDS - {"true", "false", "null"}:
        raise reader.unexpected("a column, a value or a function")
    return _named(reader, reader.take())


def _named(reader: Reader, token: Token) -> Node:
    if token.word in WORDS:
        return Literal(token.word, "null" if token.word == "null" else "boolean")
    if not reader.skip("("):
        return Name(token.text)
    distinct = reader.skip("distinct")
    arguments: tuple[Node, ...] = ()
    if reader.skip("*"):
        arguments = (STAR,)
    elif not reader.follows(")"):
        arguments = _several(reader, _either)
    reader.expect(")")
    return Call(token.word, arguments, distinct)
