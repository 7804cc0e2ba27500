"""Levels flow with the data: a column has at least the level of what it is made from, unless a checked step lowers it.

Every way in which one column stands on another carries the level, look-ups too: a code found by means of a delivered
text tells as much as the text, and so does a row that was joined by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.columns import By, LevelStep, column_meta
from catalog.contract.options import Level
from catalog.errors import Problem
from catalog.landed import LOADED_COLUMNS
from catalog.lineage import ColumnEdge, ColumnLineage, Ref
from catalog.rule import Lines
from catalog.sqllineage import STRENGTH

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.contract.model import Table
    from catalog.manifest import DbtManifest, DbtModel, ModelColumn

# A digest of the whole row can be tried out by who knows the rest of it.
_DIGEST = "_row_hash"


@dataclass(frozen=True)
class ColumnLevel:
    """The level a column has for what is made from it, the highest level of what it is made from, and the way there.

    `path` begins at the feed column whose level is the highest and ends at the column itself.
    """

    level: Level
    computed: Level
    path: tuple[LevelStep, ...]
    lowered: By | None = None


def flow_levels(manifest: DbtManifest, city: City, lineage: ColumnLineage) -> dict[Ref, ColumnLevel]:
    """The level of every landed column and every model column, by relation and name."""
    levels = _landed(city)
    for model in manifest.in_order():
        relation = f"{model.layer}.{model.name}"
        for column in model.columns.values():
            levels[relation, column.name] = _of(relation, column, lineage, levels)
    return levels


def check_levels(manifest: DbtManifest, lineage: ColumnLineage, levels: Mapping[Ref, ColumnLevel]) -> list[Problem]:
    """Columns that say a lower level than they have, each with its path; models whose SQL hides where columns go."""
    lines, problems = Lines(), list[Problem]()
    by_relation = {f"{model.layer}.{model.name}": model for model in manifest.models.values()}
    for unread in lineage.unread:
        text = f"the levels of its columns cannot be followed: {unread.reason}"
        problems.append(lines.problem(by_relation[unread.relation], None, text, "Write SQL that can be analysed"))
    for relation, model in by_relation.items():
        for column in model.columns.values():
            found, said = levels[relation, column.name], column.meta.get("level")
            if found.lowered is None and said is not None and said < found.computed:
                way = " → ".join(str(step) for step in found.path)
                text = f"the column says {said}, but it is made from data of {found.computed}: {way}"
                problems.append(lines.problem(model, column.name, text, _mend(model, column.name, found.computed)))
    return sorted(problems, key=lambda problem: (problem.file, problem.line or 0, problem.key))


def _mend(model: DbtModel, column: str, level: Level) -> str:
    """A city declares beside its staging SQL; its interfaces are not its own to change."""
    if model.layer != "staging":
        return f"Say {level}, leave it out, or declare by config.meta.deidentified what lowers it"
    beside = model.file.with_suffix(".yml").name
    return f"Make it of data of a lower level, or declare what lowers it in {beside}: columns.{column}.deidentified"


def strongest(edges: list[ColumnEdge], levels: Mapping[Ref, ColumnLevel]) -> list[ColumnEdge]:
    """Edges from the highest level down; of equal levels what is passed on before what is derived or looked up."""
    return sorted(
        edges,
        key=lambda e: (_level(levels, e), STRENGTH[e.how], e.from_relation, e.from_column),
        reverse=True,
    )


def _of(relation: str, column: ModelColumn, lineage: ColumnLineage, levels: Mapping[Ref, ColumnLevel]) -> ColumnLevel:
    meta = column_meta(column)
    said: Level = meta.level if meta else column.meta.get("level", "L4")
    step = meta.deidentified if meta else None
    name = f"{relation}.{column.name}"
    edges = strongest(lineage.incoming(relation, column.name), levels)
    if not edges:
        return ColumnLevel(said, "L1", (LevelStep(column=name, level=said),))
    first = edges[0]
    computed = _level(levels, first)
    source = levels.get((first.from_relation, first.from_column))
    before = source.path if source else (LevelStep(column=f"{first.from_relation}.{first.from_column}", level="L1"),)
    lowered = step.by if step and said < computed else None
    level = said if lowered else max(said, computed)
    return ColumnLevel(
        level, computed, (*before, LevelStep(column=name, level=level, how=first.how, by=lowered)), lowered
    )


def _level(levels: Mapping[Ref, ColumnLevel], edge: ColumnEdge) -> Level:
    """The level of what an edge comes from; vocabularies are public reference data."""
    source = levels.get((edge.from_relation, edge.from_column))
    return source.level if source else "L1"


def _landed(city: City) -> dict[Ref, ColumnLevel]:
    levels: dict[Ref, ColumnLevel] = {}
    for feed, table in city.tables():
        for name, level in _delivered(table).items():
            step = LevelStep(column=f"{feed.id}.{table.name}.{name}", level=level)
            levels[f"landed.{table.physical_name}", name] = ColumnLevel(level, level, (step,))
    return levels


def _delivered(table: Table) -> dict[str, Level]:
    """Levels of the columns of a landed table: those of the contract, and those every load adds."""
    said: dict[str, Level] = {column.name: column.classification for column in table.properties}
    added: dict[str, Level] = {column.name: "L1" for column in LOADED_COLUMNS}
    return said | added | {_DIGEST: max(said.values())}
