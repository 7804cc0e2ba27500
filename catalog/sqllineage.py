"""Reads one compiled query with sqlglot and says where each of its columns comes from, and how.

`same`: the value is passed on unchanged; `derived`: it is computed from the other; `lookup`: it is found in a joined
relation or a scalar sub-query by means of the other, as a code is found by a delivered name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema

DIALECT = "duckdb"
CATALOG = "lake"
How = Literal["same", "derived", "lookup"]
Sources = dict[tuple[str, str], How]
STRENGTH: dict[How, int] = {"same": 2, "derived": 1, "lookup": 0}


class SqlLineageError(Exception):
    """A query that cannot be analysed."""


class Tracer:
    """Traces queries over relations whose columns are known, given as schema → table → column → type."""

    def __init__(self, known: Mapping[str, Mapping[str, Mapping[str, str]]]) -> None:
        self._known: dict[str, object] = {CATALOG: {schema: dict(tables) for schema, tables in known.items()}}

    @cached_property
    def _schema(self) -> MappingSchema:
        return MappingSchema(self._known, dialect=DIALECT)

    def trace(self, sql: str, columns: Iterable[str]) -> dict[str, Sources]:
        """For each of `columns`: the relation columns its value comes from, and how.

        SqlLineageError when the query cannot be read or does not give a column.
        """
        try:
            tree = qualify(
                sqlglot.parse_one(sql, dialect=DIALECT),
                dialect=DIALECT,
                schema=self._schema,
                catalog=CATALOG,
                validate_qualify_columns=False,
                quote_identifiers=False,
                identify=False,
            )
            root = build_scope(tree)
        except SqlglotError as error:
            raise SqlLineageError(str(error).splitlines()[0]) from error
        if root is None:
            raise SqlLineageError("it is not a query")
        query = _Query()
        return {column: query.column(root, column.lower()) for column in columns}


class _Query:
    """One query; remembers what it has found, so that a scope read by many columns is walked once per column."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, str], Sources] = {}

    def column(self, scope: Scope, name: str) -> Sources:
        """Sources of the output column `name` of `scope`."""
        key = (id(scope), name)
        if key not in self._found:
            self._found[key] = {}  # a recursive query meets itself: what it adds is found by the outer walk
            self._found[key] = self._column(scope, name)
        return self._found[key]

    def _column(self, scope: Scope, name: str) -> Sources:
        if isinstance(scope.expression, exp.SetOperation):
            return self._union(scope, name)
        for selected in _selected(scope):
            if selected.alias_or_name.lower() == name:
                inner = selected.unalias()
                return self._expression(scope, inner, "same" if isinstance(inner, exp.Column) else "derived")
        raise SqlLineageError(f"it has no column `{name}`")

    def _union(self, scope: Scope, name: str) -> Sources:
        """Branches of a union are matched by position, the names are those of the first."""
        names = [selected.alias_or_name.lower() for selected in _selected(scope)]
        if name not in names:
            raise SqlLineageError(f"it has no column `{name}`")
        position = names.index(name)
        found: Sources = {}
        for branch in scope.set_operation_scopes:
            other = _selected(branch)[position].alias_or_name.lower()
            _merge(found, self.column(branch, other), "same")
        return found

    def _expression(self, scope: Scope, expression: exp.Expr, how: How) -> Sources:
        """Sources of an expression of `scope`; those inside a scalar sub-query are found in its own scope."""
        found: Sources = {}
        inner = {id(sub.expression): sub for sub in scope.subquery_scopes}
        for node in expression.walk(prune=lambda node: id(node) in inner):
            if id(node) in inner:
                _merge(found, self._subquery(inner[id(node)]), "derived")
            elif isinstance(node, exp.Column):
                _merge(found, self._reference(scope, node), how)
        return found

    def _subquery(self, scope: Scope) -> Sources:
        """What a sub-query selects; and, as look-ups, the outer columns that decide which of its rows are taken."""
        found: Sources = {}
        for selected in _selected(scope):
            _merge(found, self._expression(scope, selected, "derived"), "derived")
        where = scope.expression.args.get("where")
        for column in where.find_all(exp.Column) if where else ():
            if column.table not in scope.sources or not found:
                _merge(found, self._reference(scope, column), "lookup")
        return found

    def _reference(self, scope: Scope | None, column: exp.Column) -> Sources:
        """Sources of a column named in `scope`, or in a scope around it when the sub-query is correlated."""
        while scope is not None and column.table not in scope.sources:
            scope = scope.parent
        if scope is None:
            return {}
        found: Sources = {}
        source = scope.sources[column.table]
        if isinstance(source, exp.Table):
            if source.db:
                found[f"{source.db}.{source.name}", column.name] = "same"
        elif isinstance(source.expression, exp.Select | exp.SetOperation):
            _merge(found, self.column(source, column.name.lower()), "same")
        else:  # unnest and its like: whatever goes in comes out
            _merge(found, self._expression(source, source.expression, "derived"), "derived")
        for key in _join_keys(scope, column.table):
            _merge(found, self._reference(scope, key), "lookup")
        return found


def _join_keys(scope: Scope, alias: str) -> list[exp.Column]:
    """Columns of other relations by which the relation `alias` is joined in `scope`."""
    for join in scope.expression.args.get("joins") or ():
        condition = join.args.get("on")
        if join.alias_or_name == alias and condition is not None:
            return [column for column in condition.find_all(exp.Column) if column.table != alias]
    return []


def _selected(scope: Scope) -> list[exp.Expr]:
    query = scope.expression
    return query.selects if isinstance(query, exp.Select | exp.SetOperation) else []


def _merge(into: Sources, found: Sources, most: How) -> None:
    """Adds `found`, none of it stronger than `most`; of two ways from one column the stronger stays."""
    for ref, how in found.items():
        weaker = min(how, most, key=STRENGTH.__getitem__)
        into[ref] = max(into.get(ref, "lookup"), weaker, key=STRENGTH.__getitem__)
