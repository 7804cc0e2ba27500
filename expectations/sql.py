"""Writing SQL from contract words: identifiers, literals, and the relations a rule may name."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def identifier(name: str) -> str:
    """`name` as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as a string literal."""
    return "'" + text.replace("'", "''") + "'"


def redirect(expression: str, schema: str, relation: Callable[[str], str]) -> str:
    """`expression` with every `<schema>.<name>` replaced by `relation(name)`.

    Works on tokens, so that text inside literals, identifiers and comments is left alone.
    """
    from sqlglot.dialects.duckdb import DuckDB

    tokens = DuckDB().tokenize(expression)
    pieces, done = list[str](), 0
    for before, first, dot, name in zip([None, *tokens], tokens, tokens[1:], tokens[2:], strict=False):
        qualified = before is not None and before.text == "."
        if qualified or dot.text != "." or first.text.lower() != schema:
            continue
        if expression[first.start : first.end + 1].lower() != schema:
            continue
        pieces += [expression[done : first.start], relation(name.text)]
        done = name.end + 1
    return "".join([*pieces, expression[done:]])


def references(expression: str, schema: str) -> tuple[str, ...]:
    """Names of the relations of `schema` that `expression` mentions, in order of appearance."""
    found: list[str] = []

    def note(name: str) -> str:
        found.append(name)
        return name

    redirect(expression, schema, note)
    return tuple(dict.fromkeys(found))


def named(expressions: Iterable[str], names: Iterable[str]) -> list[str]:
    """Those of `names` that the expressions may read, by their words; all of them where one selects all.

    What is left out need not be planned or scanned; a word that only looks like a name costs nothing but that.
    """
    from sqlglot.dialects.duckdb import DuckDB

    words = set[str]()
    for expression in expressions:
        texts = [token.text.lower() for token in DuckDB().tokenize(expression)]
        if any(_selects_all(*three) for three in zip(["", "", *texts], ["", *texts], texts, strict=False)):
            return list(names)
        words.update(texts)
    return [name for name in names if name.lower() in words]


def _selects_all(before: str, last: str, text: str) -> bool:
    """Whether a token, after two others, stands for every column: a star, or FROM without a SELECT."""
    if text == "from":
        return last in ("", "(", "all", "union", "except", "intersect")
    return text == "*" and (last in ("select", "distinct", "all", ",", ".") or (before, last) == ("columns", "("))
