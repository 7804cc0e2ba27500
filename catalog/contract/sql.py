"""Reads the SQL inside contracts (rule expressions, column types) without running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from catalog.landed import LOADED_COLUMNS
from catalog.validate import nearest
from catalog.vocabulary import load_interface

if TYPE_CHECKING:
    from sqlglot import exp

RULE_NAMES = frozenset({"batch_date", "as_of"})
# Types that may hold each ODCS logical type, as sqlglot spells DuckDB types (its TEXT is VARCHAR).
PHYSICAL_TYPES = {
    "string": ("VARCHAR",),
    "integer": ("BIGINT", "INT", "SMALLINT", "TINYINT", "INT128", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT"),
    "number": ("DECIMAL", "DOUBLE", "REAL"),
    "boolean": ("BOOLEAN",),
    "date": ("DATE",),
    "timestamp": ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"),
}


def type_fault(physical: str, logical: str) -> tuple[str, str] | None:
    """What is wrong with a DuckDB type for this ODCS logical type, and the mend; None when they fit."""
    import sqlglot
    from sqlglot import exp

    try:
        parsed = exp.DataType.build(physical, dialect="duckdb")
    except (sqlglot.errors.ParseError, sqlglot.errors.TokenError, ValueError):
        return f"`{physical}` is no DuckDB type", "Write a type such as VARCHAR, BIGINT, DECIMAL(18,2) or TIMESTAMP"
    kind = parsed.sql("duckdb").partition("(")[0].replace("TEXT", "VARCHAR")
    fitting = PHYSICAL_TYPES[logical]
    if kind not in fitting:
        return f"`{physical}` does not hold a {logical}", f"Use one of {', '.join(fitting)}"
    return None


def rule_faults(expression: str, columns: Iterable[str], *, aggregate: bool) -> Iterator[tuple[str, str]]:
    """Faults of a rule expression over a table with these columns, as (what is wrong, mend) pairs."""
    tree = _parse(expression)
    if isinstance(tree, str):
        yield f"the expression is not DuckDB SQL: {tree}", "Write one condition that is TRUE for a bad row"
        return
    from sqlglot import exp

    known = {*columns, *RULE_NAMES, *(column.name for column in LOADED_COLUMNS)}
    faults, opened = _relation_faults(tree)
    yield from faults
    local = {i.name for node in tree.find_all(exp.Lambda) for i in node.expressions}
    local |= {alias.alias for alias in tree.find_all(exp.Alias)} | opened
    for name in sorted(
        {column.name for column in tree.find_all(exp.Column) if isinstance(column.this, exp.Identifier)}
    ):
        if name not in known and name not in local and not _reads_landed(tree):
            yield f"no column is called `{name}`", f"Correct it; {nearest(name, known)}"
    outside = [node for node in tree.find_all(exp.AggFunc) if node.find_ancestor(exp.Subquery, exp.Select) is None]
    if aggregate and not outside:
        yield "the rule says aggregate: true and holds no aggregate", "Aggregate over the batch, or set it to false"
    if not aggregate and [node for node in outside if node.find_ancestor(exp.Window) is None]:
        yield "a row rule cannot aggregate", "Set aggregate: true and severity: block, or compare single rows"


def landed_tables(expression: str) -> set[str]:
    """Names of the landed tables a sound rule expression reads."""
    from sqlglot import exp

    tree = _parse(expression)
    return set() if isinstance(tree, str) else {t.name for t in tree.find_all(exp.Table) if t.db == "landed"}


def _parse(expression: str) -> exp.Expression | str:
    """The one condition written in `expression`, or why it cannot be read as one."""
    import sqlglot
    from sqlglot import exp

    try:
        statements = sqlglot.parse(f"SELECT {expression}", dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        return str(error).splitlines()[0].split(". Line")[0]
    select = statements[0]
    if len(statements) != 1 or not isinstance(select, exp.Select) or len(select.expressions) != 1:
        return "it is not one expression"
    condition = select.expressions[0]
    if select.sql("duckdb") != exp.Select(expressions=[condition]).sql("duckdb"):
        return "it is a query, not an expression"
    if select.find(exp.Command) or isinstance(condition, exp.Star | exp.Alias):
        return "it is not a condition"
    detached: exp.Expression = condition.copy()
    return detached


def _relation_faults(tree: exp.Expression) -> tuple[list[tuple[str, str]], set[str]]:
    """Faults of the relations a rule reads, and the column names those relations bring."""
    from sqlglot import exp

    faults, brought = [], set[str]()
    vocabulary = load_interface()
    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if table.db == "vocab" and table.name in vocabulary:
            brought |= {name for name, _ in vocabulary[table.name].columns}
        elif table.db == "vocab":
            hint = nearest(table.name, vocabulary)
            faults.append((f"there is no vocabulary table `{table.name}`", f"Correct it; {hint}"))
        elif table.db != "landed" and table.name not in named:
            text = f"a rule may not read `{table.sql('duckdb')}`"
            faults.append((text, "Read vocab.<table> or landed.<table>"))
    return faults, brought


def _reads_landed(tree: exp.Expression) -> bool:
    """Columns of landed tables of other feeds are unknown here, so unknown names are let through."""
    from sqlglot import exp

    return any(table.db == "landed" for table in tree.find_all(exp.Table))
