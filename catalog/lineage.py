"""Column lineage: which columns of which relations the value of every model column comes from."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from catalog.canonical import write_json
from catalog.contract.options import Strict
from catalog.errors import CatalogError
from catalog.landed import ACCOUNT_COLUMNS, ALARM_ACTION_COLUMNS, LOADED_COLUMNS
from catalog.vocabulary import load_interface

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.manifest import DbtManifest

LINEAGE_FILE = "lineage.json"
Ref = tuple[str, str]
How = Literal["same", "derived", "lookup"]
Trace = tuple[str, str, str, How]  # a column of a model, the relation and column it comes from, and how


class ColumnEdge(Strict):
    """`to_column` of `to_relation` comes from the other column. A relation is `<schema>.<table>` of the lake.

    `how` is `same` (passed on unchanged), `derived` (computed from it) or `lookup` (found by means of it).
    """

    from_relation: str
    from_column: str
    to_relation: str
    to_column: str
    how: How


class LandedRelation(Strict):
    """Which table of which contract a landed relation holds."""

    relation: str
    feed: str
    table: str


class UnreadModel(Strict):
    """A model whose SQL could not be analysed, and why; its columns have no edges."""

    relation: str
    reason: str


class Traces(dict[str, list[Trace]]):
    """What was traced of models, by a digest of their SQL, their columns and the columns they can read."""


class ColumnLineage(Strict):
    """All edges between adjacent relations, sorted; `landed` says which feeds stand behind landed relations."""

    edges: tuple[ColumnEdge, ...]
    landed: tuple[LandedRelation, ...]
    unread: tuple[UnreadModel, ...] = ()

    @cached_property
    def _by_target(self) -> dict[Ref, list[ColumnEdge]]:
        index: dict[Ref, list[ColumnEdge]] = defaultdict(list)
        for edge in self.edges:
            index[edge.to_relation, edge.to_column].append(edge)
        return dict(index)

    def incoming(self, relation: str, column: str) -> list[ColumnEdge]:
        """Edges that end at `column`."""
        return self._by_target.get((relation, column), [])

    def roots(self, relation: str, column: str, *, lookups: bool = True) -> list[Ref]:
        """Landed and vocabulary columns at the beginning of `column`, sorted; empty for a constant or a count.

        Without `lookups` only those whose values can be in it.
        """
        found: set[Ref] = set()
        seen: set[Ref] = set()
        waiting = [(relation, column)]
        while waiting:
            ref = waiting.pop()
            if ref not in seen:
                seen.add(ref)
                edges = [edge for edge in self.incoming(*ref) if lookups or edge.how != "lookup"]
                below = [(edge.from_relation, edge.from_column) for edge in edges]
                waiting += below
                if not below and ref[0].startswith(("landed.", "vocab.")):
                    found.add(ref)
        return sorted(found)

    def feed_columns(self, relation: str, column: str, *, lookups: bool = True) -> list[str]:
        """The contract columns behind `column`, as `<feed>.<table>.<column>`, sorted; see `roots`."""
        contract = {entry.relation: f"{entry.feed}.{entry.table}" for entry in self.landed}
        roots = self.roots(relation, column, lookups=lookups)
        return sorted(f"{contract[source]}.{name}" for source, name in roots if source in contract)

    @classmethod
    def load(cls, path: Path) -> ColumnLineage:
        """Reads a saved lineage; CatalogError when the file is missing or is none."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise CatalogError.one(path, "the file does not exist", "Publish the release again") from None
        except ValidationError as error:
            raise CatalogError.one(path, str(error.errors()[0]["msg"]), "Publish the release again") from None

    def save(self, path: Path) -> None:
        """Writes canonical JSON: the same lineage is the same bytes."""
        write_json(self, path)


def column_lineage(manifest: DbtManifest, city: City, kept: Traces | None = None) -> ColumnLineage:
    """The lineage of every column of the compiled models of `manifest`, down to the landed columns of `city`.

    `kept` holds what earlier calls traced: models it knows are not traced again, and it is left with those of this
    call.
    """
    from catalog.sqllineage import SqlLineageError, Tracer

    known = _known_columns(manifest, city)
    tracer = Tracer(known)
    before, traces = Traces(kept or {}), Traces()
    ground = hashlib.sha256(json.dumps(known).encode())
    edges: list[ColumnEdge] = []
    unread: list[UnreadModel] = []
    for model in manifest.in_order():
        relation = f"{model.layer}.{model.name}"
        if model.compiled_code is None:
            unread.append(UnreadModel(relation=relation, reason="it is not compiled"))
            continue
        digest = ground.copy()
        digest.update(json.dumps([model.compiled_code, *model.columns]).encode())
        key = digest.hexdigest()
        try:
            traces[key] = before[key] if key in before else _listed(tracer.trace(model.compiled_code, model.columns))
        except SqlLineageError as error:
            unread.append(UnreadModel(relation=relation, reason=str(error)))
            continue
        edges += (
            ColumnEdge(from_relation=source, from_column=name, to_relation=relation, to_column=column, how=how)
            for column, source, name, how in traces[key]
            if source != relation
        )
    if kept is not None:
        kept.clear()
        kept.update(traces)
    return ColumnLineage(
        edges=tuple(sorted(edges, key=lambda e: (e.to_relation, e.to_column, e.from_relation, e.from_column))),
        landed=tuple(_landed(city)),
        unread=tuple(sorted(unread, key=lambda entry: entry.relation)),
    )


def _listed(traced: Mapping[str, Mapping[Ref, How]]) -> list[Trace]:
    return [
        (column, source, name, how) for column, sources in traced.items() for (source, name), how in sources.items()
    ]


def _known_columns(manifest: DbtManifest, city: City) -> dict[str, dict[str, dict[str, str]]]:
    """Schema → table → column → type, of everything a model can read."""
    known: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for _, table in city.tables():
        columns = {column.name: column.physical_type for column in table.properties}
        known["landed"][table.physical_name] = columns | {column.name: column.type for column in LOADED_COLUMNS}
    for name, platform_columns in (("batch", ACCOUNT_COLUMNS), ("alarm_action", ALARM_ACTION_COLUMNS)):
        known["ops"][name] = {column.name: column.type for column in platform_columns}
    for vocabulary in load_interface().values():
        known["vocab"][vocabulary.name] = dict(vocabulary.columns)
    for model in manifest.models.values():
        known[model.layer][model.name] = {c.name: c.type or "VARCHAR" for c in model.columns.values()}
    return dict(known)


def _landed(city: City) -> Iterable[LandedRelation]:
    entries = [
        LandedRelation(relation=f"landed.{table.physical_name}", feed=feed.id, table=table.name)
        for feed, table in city.tables()
    ]
    return sorted(entries, key=lambda entry: entry.relation)
