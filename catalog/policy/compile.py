"""Compiles the policy: matrix, city rules, today's datasets, divisions and calendar become one value to decide by."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from catalog.canonical import write_json
from catalog.contract.options import Extent, Level, Title
from catalog.errors import CatalogError
from catalog.policy.check import check_policy
from catalog.policy.load import AuthoredClock, Cell, Matrix, TierRow, load_city_policy, minimum_cell, shared_policy
from catalog.policy.model import (
    Clock,
    ColumnPolicy,
    CompiledPolicy,
    DatasetPolicy,
    Division,
    PolicyRule,
    Tier,
)

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.compiled import CompiledDataset

_DESCRIBED = Title(zh="目录信息可见", en="Catalogue entries of such datasets may be read")


def compile_policy(city: City, datasets: Iterable[CompiledDataset | DatasetPolicy]) -> CompiledPolicy:
    """The policy of `city` over `datasets`; CatalogError with every fault of its rules and vocabularies."""
    entries = tuple(dataset_policy(entry) for entry in datasets)
    problems = check_policy(city, entries)
    if problems:
        raise CatalogError(problems)
    shared, (own, _) = shared_policy(), load_city_policy(city.root)
    calendar = _calendar(city.vocabulary_dir / "calendar.csv")
    return CompiledPolicy(
        version=f"{shared.matrix.version}+{own.version}",
        city=city.id,
        rules=(*matrix_rules(shared.matrix), *own.rules),
        datasets=tuple(sorted(entries, key=lambda entry: entry.id)),
        limits=shared.limits | own.limits,
        clocks={name: _clock(clock) for name, clock in sorted((shared.clocks | own.clocks).items())},
        minimum_cell=minimum_cell(city.root),
        divisions=tuple(_divisions(city.vocabulary_dir / "division.csv")),
        purposes=shared.purposes | own.purposes,
        calendar_from=min(calendar, default=None),
        calendar_to=max(calendar, default=None),
        non_working=tuple(day for day, is_working in sorted(calendar.items()) if not is_working),
        procedures=shared.procedures.model_copy(
            update={
                name: terms
                for name, terms in (("application", own.application), ("break_glass", own.break_glass))
                if terms is not None
            }
        ),
        failed_credentials_per_minute=own.failed_credentials_per_minute or shared.failed_credentials_per_minute,
        webhooks=own.webhooks or shared.webhooks,
        verification=own.verification or shared.verification,
    )


def matrix_rules(matrix: Matrix) -> Iterator[PolicyRule]:
    """The matrix as rules, such as `t2.l2.sharing-unconditional`; one per tier, level and type it names."""
    for tier, row in sorted(matrix.tiers.items()):
        yield from _described(matrix, tier, row)
        for level, cells in row.cells.items():
            for cell in cells:
                yield from _cell(matrix, tier, level, cell)


def write_policy(policy: CompiledPolicy, path: Path) -> None:
    """Writes the policy so that a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write_json(policy, fresh)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def read_policy(path: Path) -> CompiledPolicy:
    """The policy in `path`; CatalogError when there is none, or it cannot be read."""
    mend = "Write it with `civiclake policy apply`"
    try:
        return CompiledPolicy.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise CatalogError.one(path, "there is no policy", mend) from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise CatalogError.one(path, str(first["msg"]), mend, key=key) from None


def _described(matrix: Matrix, tier: Tier, row: TierRow) -> Iterator[PolicyRule]:
    told = row.describes
    for suffix, sharing, opening in _extents(told.sharing, told.opening):
        yield PolicyRule(
            id=f"{tier.lower()}.describe.{suffix}",
            effect="allow",
            reason=_DESCRIBED,
            tiers=(tier,),
            actions=("describe",),
            sharing=sharing,
            opening=opening,
            levels=told.levels,
            valid_from=matrix.valid_from,
            valid_until=matrix.valid_until,
        )


def _cell(matrix: Matrix, tier: Tier, level: Level, cell: Cell) -> Iterator[PolicyRule]:
    for suffix, sharing, opening in _extents(cell.sharing, cell.opening):
        yield PolicyRule(
            id=f"{tier.lower()}.{level.lower()}.{suffix}{'.granted' if cell.granted else ''}",
            effect="allow",
            reason=cell.reason,
            tiers=(tier,),
            actions=cell.actions,
            sharing=sharing,
            opening=opening,
            levels=(level,),
            treatment=cell.treatment,
            granted=cell.granted,
            valid_from=matrix.valid_from,
            valid_until=matrix.valid_until,
        )


def _extents(
    sharing: tuple[Extent, ...], opening: tuple[Extent, ...]
) -> Iterator[tuple[str, tuple[Extent, ...], tuple[Extent, ...]]]:
    """Sharing types, then opening types, one by one with the end of a rule's id; `any` when neither is said."""
    yield from ((f"sharing-{extent}", (extent,), ()) for extent in sharing)
    yield from ((f"opening-{extent}", (), (extent,)) for extent in opening)
    if not sharing and not opening:
        yield "any", (), ()


def dataset_policy(entry: CompiledDataset | DatasetPolicy) -> DatasetPolicy:
    """What the policy knows of a dataset of the catalog."""
    if isinstance(entry, DatasetPolicy):
        return entry
    return DatasetPolicy(
        id=entry.id,
        sharing=entry.sharing,
        opening=entry.opening,
        columns=tuple(ColumnPolicy(name=c.name, level=c.level, mask=c.mask) for c in entry.columns),
        scope=entry.scope,
    )


def _clock(clock: AuthoredClock) -> Clock:
    source = f"{clock.source} (to verify: {clock.verify})" if clock.verify else clock.source
    return Clock(working_days=clock.working_days, source=source)


def _divisions(path: Path) -> Iterator[Division]:
    """Every code once, as its last period has it; codes no longer valid stay, for old rows carry them."""
    rows = sorted(_rows(path), key=lambda row: (row["code"], row.get("valid_from") or ""))
    for row in {row["code"]: row for row in rows}.values():
        yield Division(code=row["code"], level=int(row["level"]), parent=row["parent_code"] or None)


def _calendar(path: Path) -> dict[date, bool]:
    return {date.fromisoformat(row["day"]): row["is_working"].lower() in {"true", "t", "1"} for row in _rows(path)}


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)
