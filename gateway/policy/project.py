"""Projection: catalog entry, decision and stored types become the view that is all the rest ever sees."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from sqlglot import exp

from catalog.compiled import CompiledColumn, CompiledDataset
from catalog.contract.options import Title
from catalog.release import DatasetQuality
from catalog.release import Distribution as ReleasedDistribution
from gateway.policy.cells import cells_of
from gateway.policy.decision import Decision
from gateway.policy.masks import JoinKeys
from gateway.view.types import ValueType
from gateway.view.view import Column, Distribution, Facts, Governed, Text, View


def project(
    dataset: CompiledDataset,
    decision: Decision,
    *,
    stored: Mapping[str, str],
    stored_sorted: bool,
    table: tuple[str, str, str],
    row_count: int,
    files: Mapping[ReleasedDistribution, tuple[str, ...]],
    release: str,
    keys: JoinKeys,
    quality: DatasetQuality | None = None,
) -> View | None:
    """The view of a dataset under a decision; None when it lets no column of the dataset through.

    `stored` maps column names to stored types, `stored_sorted` tells whether rows lie in key order, `files` maps
    each distribution to the column names found in it, `release` names the release and its time. The key counts
    only when it is clear on every visible row. A file is offered when every cell in it is clear, whatever the
    release says about it; not one that lies in the order of a hidden key, for its order would tell. How many rows
    there are is told when all of them are seen, of what `quality` they are when they are seen whole and in clear.
    """
    if not decision.allow:
        return None
    binds = keys.binds(decision.consumer) if "join_key" in decision.masks.values() else {}
    published = {column.name for column in dataset.columns if column.name in stored}
    cells = cells_of(decision, stored, published, joinable=bool(binds))
    columns = tuple(
        _column(column, stored, clear=column.name in cells.clear)
        for column in dataset.columns
        if column.name in cells.shown
    )
    if not columns:
        return None
    visible = {column.name: column for column in columns}
    whole_key = cells.clear.issuperset(dataset.key)
    offered = {file: inside for file, inside in files.items() if whole_key and cells.whole.issuperset(inside)}
    count = row_count if cells.rows is None else None
    measured = quality if cells.plain and len(columns) == len(published) else None
    return View(
        dataset=dataset.id,
        columns=columns,
        key=tuple(visible[name] for name in dataset.key) if whole_key else (),
        order=tuple(visible[name] for name in dataset.order if name in visible),
        facts=_facts(dataset, count, measured),
        distributions=tuple(
            Distribution(file.name, file.format, file.media_type, file.bytes, file.sha256, inside)
            for file, inside in offered.items()
        ),
        table=table,
        sorted=stored_sorted and whole_key,
        policy=decision.digest,
        edition=" ".join([release, str(count), *(file.sha256 for file in offered), *_fingerprint(binds)]),
        governed=None
        if cells.plain
        else Governed(tuple(cells.shown[column.name] for column in columns), cells.rows, binds),
    )


def _fingerprint(binds: Mapping[str, bytes]) -> Iterator[str]:
    """Tells join keys of one secret from those of another: an entity tag must not outlive a change of it."""
    if binds:
        yield hashlib.sha256(b"".join(value for _, value in sorted(binds.items()))).hexdigest()[:16]


def describe_only(
    dataset: CompiledDataset,
    decision: Decision,
    *,
    stored: Mapping[str, str],
    table: tuple[str, str, str],
    release: str,
) -> View | None:
    """The view of a caller who may read about a dataset but see none of its values: its relation has no rows."""
    told = {name for branch in decision.branches for name in branch.columns}
    columns = tuple(
        _column(column, stored, clear=False)
        for column in dataset.columns
        if column.name in stored and column.name in told
    )
    if not decision.allow or not columns:
        return None
    nothing = tuple(exp.cast(exp.Null(), stored[column.name], dialect="duckdb") for column in columns)
    return View(
        dataset=dataset.id,
        columns=columns,
        key=(),
        order=(),
        facts=_facts(dataset, None),
        distributions=(),
        table=table,
        sorted=False,
        policy=decision.digest,
        edition=release,
        governed=Governed(nothing, exp.false(), {}),
        readable=False,
    )


def _column(column: CompiledColumn, stored: Mapping[str, str], *, clear: bool) -> Column:
    return Column(
        name=column.name,
        kind=ValueType.of(stored[column.name]),
        title=_text(column.title),
        description=column.description,
        nullable=column.nullable or not clear,
        level=column.level,
    )


def _facts(dataset: CompiledDataset, row_count: int | None, quality: DatasetQuality | None = None) -> Facts:
    return Facts(
        title=_text(dataset.title),
        description=dataset.description,
        grain=dataset.grain,
        licence=dataset.licence,
        publisher=_text(dataset.publisher),
        frequency=dataset.frequency,
        themes=dataset.themes,
        row_count=row_count,
        sharing=dataset.sharing,
        opening=dataset.opening,
        owner=dataset.owner,
        resource_code=dataset.resource_code,
        quality=quality,
    )


def _text(title: Title) -> Text:
    return Text(zh=title.zh, en=title.en)
