"""From SQL text to a tree in which every node, part, function and type is one of those offered.

Functions are not translated: a call stays the name and the arguments it was written with, so what is written from the
tree says what the caller said. Whether it does is looked at once more by the engine's own parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError, UnsupportedError
from sqlglot.tokenizer_core import Token, TokenType

from gateway.problems import BadSql, SqlNotOffered
from gateway.sandbox.offered import Offered, offered
from gateway.sandbox.place import Place, position_of

_CALL = "\u2060"  # stands before the name of a function while the parser works, so that it takes it as it is
_UNUSABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\u2060\ud800-\udfff]")
_PREFIXES = frozenset(
    {TokenType.NOT, TokenType.DASH, TokenType.CASE, TokenType.TILDE, TokenType.SELECT, TokenType.FROM}
)
_QUOTED = frozenset({TokenType.STRING, TokenType.IDENTIFIER})


def parse_sql(text: str, rules: Offered | None = None) -> exp.Query:
    """The tree of one SELECT. Raises BadSql for what cannot be read, SqlNotOffered for what is not on the lists.

    Both tell the place of the offence where it is known.
    """
    rules = rules or offered()
    tokens = _tokens(text, rules)
    try:
        trees = DuckDB().parser(error_level=ErrorLevel.IMMEDIATE).parse(tokens, text)
    except ParseError as error:
        raise BadSql("The SQL cannot be read here.", **_where(error)) from None
    except Exception as error:
        raise BadSql("The SQL cannot be read.") from error
    if len(trees) != 1:
        raise SqlNotOffered("One statement can be asked at a time.")
    (tree,) = trees
    if not isinstance(tree, (exp.Select, exp.SetOperation)):
        raise SqlNotOffered("Only a SELECT can be asked.")
    for node in tree.walk():
        _check(node, text, rules)
        _unmark(node)
    try:
        sql_of(tree)
    except (UnsupportedError, RecursionError) as error:
        raise BadSql("The SQL is nested too deeply.") from error
    return tree


def sql_of(tree: exp.Query) -> str:
    """The SQL of a checked tree: every name quoted, no comments."""
    text = tree.sql(
        dialect="duckdb",
        identify=True,
        comments=False,
        normalize_functions=False,
        unsupported_level=ErrorLevel.IMMEDIATE,
    )
    return text.replace(_CALL, "")


def text_of(node: exp.Expr) -> str:
    """A part of a checked tree as its caller may have written it."""
    return node.sql(dialect="duckdb", comments=False, normalize_functions=False).replace(_CALL, "")


def _tokens(text: str, rules: Offered) -> list[Token]:
    size = rules.size
    if len(text) > size.characters:
        raise BadSql(f"The SQL is longer than {size.characters} characters.")
    odd = _UNUSABLE.search(text)
    if odd is not None:
        raise BadSql("The SQL has a sign that is no character of a text.", **_at(text, odd.start()))
    try:
        found = DuckDB().tokenize(text)
    except (TokenError, ValueError) as error:
        raise BadSql("The SQL cannot be read: a quotation mark or a comment is not closed.") from error
    if not found:
        raise BadSql("There is no SQL.")
    if len(found) > size.tokens:
        raise BadSql(f"The SQL has more than {size.tokens} words and signs.")
    depth = prefixes = 0
    for token in found:
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        prefixes += token.token_type in _PREFIXES
        if depth > size.nesting or prefixes > size.prefixes:
            raise BadSql("The SQL is nested too deeply.", **_at(text, token.start))
    return [_marked(token, following, rules) for token, following in zip(found, [*found[1:], None], strict=True)]


def _marked(token: Token, following: Token | None, rules: Offered) -> Token:
    """The token, marked where it is the name of an offered function that is called."""
    called = following is not None and following.token_type is TokenType.L_PAREN
    name = token.text.lower()
    if not called or token.token_type in _QUOTED or name not in rules.names:
        return token
    return Token(TokenType.VAR, _CALL + name, token.line, token.col, token.start, token.end, token.comments)


def _check(node: exp.Expr, text: str, rules: Offered) -> None:
    """Raise SqlNotOffered unless the node, each of its parts and each of their words is on the lists."""
    kind = type(node).__name__
    if kind not in rules.parser.nodes:
        raise _refused(f"{_words(node)} is not offered.", node, text)
    if kind == "Anonymous" and not str(node.this).startswith(_CALL):
        raise _refused(f"There is no function `{str(node.this)[:80]}` here.", node, text)
    if isinstance(node, exp.DataType) and node.this.name not in rules.types.parser:
        raise _refused("This type is not offered in a cast.", node, text)
    if isinstance(node, (exp.Limit, exp.Offset)):
        _require_number(node, text)
    if isinstance(node, exp.Join) and not (node.args.get("on") or node.args.get("using") or _crossed(node)):
        raise _refused("A join needs ON or USING; rows of all with all are written CROSS JOIN.", node, text)
    for name, value in _parts(node):
        allowed = rules.parser.parts.get(kind)
        if allowed is not None and name not in allowed:
            raise _refused(f"{_words(node)} cannot be combined with `{name.strip('_').upper()}` here.", node, text)
        words = rules.parser.words.get(f"{kind}.{name}") if isinstance(value, str) else None
        if words is not None and value.upper() not in words:
            raise _refused(f"`{value.upper()}` is not offered.", node, text)


def _parts(node: exp.Expr) -> Iterator[tuple[str, Any]]:
    """The parts a node really has."""
    for name, value in node.args.items():
        if value is not None and value is not False and value != []:
            yield name, value


def _crossed(join: exp.Join) -> bool:
    """Whether a join is written as one of all rows with all: CROSS JOIN, or a comma."""
    return join.args.get("kind") in ("CROSS", None) and not join.args.get("side")


def _require_number(node: exp.Limit | exp.Offset, text: str) -> None:
    number = node.expression
    if not isinstance(number, exp.Literal) or number.is_string or not number.name.isdecimal() or len(number.name) > 15:
        raise _refused("LIMIT and OFFSET take a plain number.", node, text)


def _unmark(node: exp.Expr) -> None:
    """Give a name its own spelling back where brackets after it were not those of a call."""
    if isinstance(node, exp.Identifier) and _CALL in node.name:
        node.set("this", node.name.replace(_CALL, ""))


def _refused(detail: str, node: exp.Expr, text: str) -> SqlNotOffered:
    return SqlNotOffered(detail, **position_of(node, text))


def _words(node: exp.Expr) -> str:
    """What a node is to those who write SQL."""
    key = "".join(f" {sign}" if sign.isupper() else sign for sign in type(node).__name__).strip()
    return f"`{key.upper()}`"


def _where(error: Exception) -> dict[str, Any]:
    """The place a parser's error tells of."""
    found = getattr(error, "errors", None) or [{}]
    line, column = found[0].get("line"), found[0].get("col")
    return {"position": Place(line, column).plain} if line and column else {}


def _at(text: str, offset: int) -> dict[str, Any]:
    return {"position": Place.at(text, offset).plain}
