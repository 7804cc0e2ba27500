"""What a checked tree speaks of: tables, and the columns of each, none of which the caller does not have.

Names are told apart by spelling only, not by where they stand; what stands in the wrong place the engine refuses. That
is enough, because a name that is nothing the caller has, and nothing the question itself names, is refused here, and
the sandbox has nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from gateway.problems import UnknownColumn, UnknownTable
from gateway.sandbox.place import position_of
from gateway.view.view import Column, View

_LISTED = 200  # columns that are named to the caller of an unknown one


@dataclass(frozen=True)
class Table:
    """A dataset a question reads: its name there, and the columns that are needed of it."""

    view: View
    columns: tuple[Column, ...]


def tables_of(tree: exp.Query, text: str, find: Callable[[str], View | None]) -> tuple[Table, ...]:
    """The datasets a tree reads, each once, in the order of their first mention.

    `find` gives the view of a name, None for one that is hidden or does not exist. Raises UnknownTable, UnknownColumn.
    """
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    views: dict[str, View] = {}
    for node in sorted(tree.find_all(exp.Table), key=_start):
        name = node.name.lower()
        if name in views:
            continue
        view = find(name)
        if view is not None:
            views[name] = view
        elif name not in named:
            raise UnknownTable(f"There is no table `{node.name[:80]}`.", **position_of(node, text))
    _require_known(tree, text, views)
    sources = _sources(tree, views)
    return tuple(Table(view, _needed(view, tree, sources)) for view in views.values())


def _needed(view: View, tree: exp.Query, sources: Mapping[str, View | None]) -> tuple[Column, ...]:
    """The columns of a view that a tree may speak of; one at least, so that its rows can be counted."""
    if _takes_all(tree, view.dataset):
        return view.columns
    used = {name.lower() for name, node in _mentions(tree) if sources.get(_source(node)) in (None, view)}
    return tuple(column for column in view.columns if column.name.lower() in used) or view.columns[:1]


def _takes_all(tree: exp.Query, dataset: str) -> bool:
    """Whether a tree takes columns without naming them: by a star, or by a list of other names for them."""
    if any(not isinstance(star.parent, exp.Anonymous) for star in tree.find_all(exp.Star)):
        return True
    return any(
        node.name.lower() == dataset.lower() and node.args.get("alias") is not None and node.args["alias"].columns
        for node in tree.find_all(exp.Table)
    )


def _mentions(tree: exp.Query) -> Iterator[tuple[str, exp.Expr]]:
    """Every name of a column that a tree uses."""
    for column in tree.find_all(exp.Column):
        if not isinstance(column.this, exp.Star):
            yield column.name, column
    for join in tree.find_all(exp.Join):
        for name in join.args.get("using") or ():
            if isinstance(name, exp.Identifier):
                yield name.name, name


def _require_known(tree: exp.Query, text: str, views: Mapping[str, View]) -> None:
    """Raise UnknownColumn for a name that is no column of the tables and none that the question gives itself."""
    given = {alias.alias.lower() for alias in tree.find_all(exp.Alias)}
    given |= {column.name.lower() for alias in tree.find_all(exp.TableAlias) for column in alias.columns}
    known = given | {column.name.lower() for view in views.values() for column in view.columns}
    sources = _sources(tree, views)
    for name, node in _mentions(tree):
        source = _source(node)
        if source and source not in sources:
            raise _unknown(f"There is no table `{node.text('table')[:80]}` in the question.", node, text, views)
        view = sources.get(source)
        own = known if view is None else given | {column.name.lower() for column in view.columns}
        if name.lower() not in own:
            raise _unknown(f"There is no column `{name[:80]}`.", node, text, views)


def _source(node: exp.Expr) -> str:
    """What stands before the point of a column's name."""
    return node.text("table").lower() if isinstance(node, exp.Column) else ""


def _sources(tree: exp.Query, views: Mapping[str, View]) -> dict[str, View | None]:
    """What may stand before the point of a column's name, with the view it can only mean, if there is one."""
    found: dict[str, View | None] = {}
    for node in tree.find_all(exp.Table, exp.Subquery, exp.CTE):
        name = node.alias_or_name.lower()
        view = views.get(node.name.lower()) if isinstance(node, exp.Table) else None
        found[name] = view if found.get(name, view) is view else None
    return found


def _unknown(detail: str, node: exp.Expr, text: str, views: Mapping[str, View]) -> UnknownColumn:
    columns = list(dict.fromkeys(column.name for view in views.values() for column in view.columns))
    return UnknownColumn(detail, columns=columns[:_LISTED], **position_of(node, text))


def _start(node: exp.Expr) -> int:
    return min((part.meta["start"] for part in node.walk() if "start" in part.meta), default=0)
