"""Projection: catalog entry, decision and stored types become the view that is all the rest ever sees."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.compiled import CompiledDataset
from catalog.contract.options import Title
from catalog.release import Distribution as ReleasedDistribution
from gateway.policy.decide import Decision
from gateway.view.types import ValueType
from gateway.view.view import Column, Distribution, Facts, Text, View


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
) -> View | None:
    """The view of a dataset under a decision; None when it is denied.

    `stored` maps column names to stored types, `stored_sorted` tells whether rows lie in key order, `files` maps
    each distribution to the column names found in it, `release` names the release and its time. A file that holds
    a column outside the decision is not offered, whatever the release says about it; nor is one that lies in the
    order of a hidden key, for its order would tell.
    """
    if not decision.allow:
        return None
    allowed = frozenset(decision.columns)
    columns = tuple(
        Column(
            name=column.name,
            kind=ValueType.of(stored[column.name]),
            title=_text(column.title),
            description=column.description,
            nullable=column.nullable,
        )
        for column in dataset.columns
        if column.name in allowed
    )
    visible = {column.name: column for column in columns}
    key = tuple(visible[name] for name in dataset.key if name in visible)
    whole_key = len(key) == len(dataset.key)
    offered = tuple(file for file, held in files.items() if whole_key and allowed.issuperset(held))
    return View(
        dataset=dataset.id,
        columns=columns,
        key=key if whole_key else (),
        order=tuple(visible[name] for name in dataset.order if name in visible),
        facts=Facts(
            title=_text(dataset.title),
            description=dataset.description,
            grain=dataset.grain,
            licence=dataset.licence,
            publisher=_text(dataset.publisher),
            frequency=dataset.frequency,
            themes=dataset.themes,
            row_count=row_count,
        ),
        distributions=tuple(
            Distribution(file.name, file.format, file.media_type, file.bytes, file.sha256) for file in offered
        ),
        table=table,
        sorted=stored_sorted and whole_key,
        policy=decision.digest,
        edition=" ".join([release, str(row_count), *(file.sha256 for file in offered)]),
    )


def _text(title: Title) -> Text:
    return Text(zh=title.zh, en=title.en)
