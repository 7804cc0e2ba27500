"""Checks a city's policy: its rules name what exists, and allow nothing that is illegal whatever a city wishes."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

from catalog.contract.options import Extent
from catalog.errors import Problem
from catalog.policy.load import RulePair, load_city_policy, shared_policy
from catalog.policy.model import Action, DatasetPolicy, PolicyRule, Tier
from catalog.validate import nearest, readable

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.yamlfile import YamlFile

_DIVISION_LEVELS = range(1, 6)
_MATRIX_ID = ("t0.", "t1.", "t1r.", "t2.", "t3.", "t4.")


class Fault(NamedTuple):
    """A fault of one rule: the key of the rule it lies in, what is wrong, and how to mend it."""

    key: str
    text: str
    mend: str


def check_policy(city: City, datasets: Sequence[DatasetPolicy]) -> list[Problem]:
    """Every fault of what the city adds to the shared policy; CatalogError when its file cannot even be read."""
    own, file = load_city_policy(city.root)
    problems = list(_vocabulary_problems(city.vocabulary_dir))
    if file is None:
        return problems
    known = _Known.of(city, datasets)
    seen: set[str] = set()
    for index, rule in enumerate(own.rules):
        faults = [*_named(rule, seen), *_names(rule, known), *_coherent(rule), *_legal(rule, datasets)]
        problems += (_problem(file, index, fault) for fault in faults)
        seen.add(rule.id)
    shared = shared_policy()
    if own.minimum_cell is not None and own.minimum_cell < shared.matrix.minimum_cell:
        text = f"the smallest cell may be raised, not lowered (it is {shared.matrix.minimum_cell})"
        line = file.line(("minimum_cell",))
        problems.append(Problem(file.path, line, "minimum_cell", text, "Give a larger number, or leave it out"))
    return problems


class _Known(NamedTuple):
    """What rules may name."""

    columns: dict[str, frozenset[str]]
    organisations: frozenset[str]
    divisions: frozenset[str]
    purposes: frozenset[str]

    @classmethod
    def of(cls, city: City, datasets: Iterable[DatasetPolicy]) -> _Known:
        own, _ = load_city_policy(city.root)
        return cls(
            {dataset.id: frozenset(column.name for column in dataset.columns) for dataset in datasets},
            _codes(city.vocabulary_dir / "organisation.csv", "org_code"),
            _codes(city.vocabulary_dir / "division.csv", "code"),
            frozenset(shared_policy().purposes | own.purposes),
        )


def _named(rule: PolicyRule, seen: set[str]) -> Iterator[Fault]:
    if rule.id in seen:
        yield Fault("id", f"`{rule.id}` is the id of an earlier rule", "Choose another id")
    if rule.id.startswith(_MATRIX_ID):
        yield Fault("id", f"`{rule.id}` looks like a rule of the matrix", "Begin the id with a word of the city's own")


def _names(rule: PolicyRule, known: _Known) -> Iterator[Fault]:
    """Names of things that do not exist."""
    datasets = rule.datasets or tuple(known.columns)
    columns = frozenset[str]().union(*(known.columns.get(name, frozenset()) for name in datasets))
    for key, given, there in (
        ("datasets", rule.datasets, frozenset(known.columns)),
        ("columns", rule.columns, columns),
        ("organisations", rule.organisations, known.organisations),
        ("purposes", rule.purposes, known.purposes),
        ("rows", rule.rows.divisions, known.divisions),
        ("rows", rule.rows.organisations, known.organisations),
    ):
        for name in given:
            if name not in there:
                hint = nearest(name, there) if len(there) <= 50 else "look it up in the vocabulary"
                yield Fault(key, f"there is no `{name}`", f"Correct it; {hint}")


def _coherent(rule: PolicyRule) -> Iterator[Fault]:
    for key, start, end in (
        ("valid_until", rule.valid_from, rule.valid_until),
        ("rows", rule.rows.since, rule.rows.until),
    ):
        if start is not None and end is not None and end <= start:
            yield Fault(key, f"it ends on {end}, not after its beginning {start}", "Correct one of the dates")
    if rule.effect == "deny" and (rule.treatment != "clear" or rule.granted):
        yield Fault("effect", "a deny rule takes away whole cells, granted or not", "Remove treatment and granted")


def _legal(rule: PolicyRule, datasets: Sequence[DatasetPolicy]) -> Iterator[Fault]:
    """What the rule would allow although it is illegal."""
    if rule.effect == "deny":
        return
    for pair in shared_policy().pairs.rules:
        found = _breach(rule, pair, datasets)
        if found is not None:
            text = f"{pair.reason.en} ({pair.reason.zh}); {found}"
            yield Fault("id", text, f"Narrow tiers, levels, actions or datasets of the rule ({pair.id})")


def _breach(rule: PolicyRule, pair: RulePair, datasets: Sequence[DatasetPolicy]) -> str | None:
    """The first thing of this city that the rule would open against the pair; None when there is none."""
    tiers = _common(rule.tiers, pair.tiers, get_args(Tier))
    actions = _common(rule.actions, pair.actions, tuple(a for a in get_args(Action) if a != "describe"))
    if not tiers or not (set(actions) - {"describe"}):
        return None
    if (pair.treatments and rule.treatment not in pair.treatments) or _confined(rule, pair):
        return None
    for dataset in datasets:
        for column in dataset.columns if _touches(rule, pair, dataset) else ():
            named = not rule.columns or column.name in rule.columns
            if named and all(not said or column.level in said for said in (rule.levels, pair.levels)):
                return f"it would open {dataset.id}.{column.name} ({column.level}) to {', '.join(tiers)}"
    return None


def _confined(rule: PolicyRule, pair: RulePair) -> bool:
    return ("granted" in pair.unless and rule.granted) or (
        "own" in pair.unless and (rule.own_rows or rule.own_organisation)
    )


def _touches(rule: PolicyRule, pair: RulePair, dataset: DatasetPolicy) -> bool:
    extents: tuple[tuple[tuple[Extent, ...], Extent], ...] = (
        (rule.sharing, dataset.sharing),
        (pair.sharing, dataset.sharing),
        (rule.opening, dataset.opening),
        (pair.opening, dataset.opening),
    )
    return (not rule.datasets or dataset.id in rule.datasets) and all(not said or is_ in said for said, is_ in extents)


def _common(mine: Sequence[str], theirs: Sequence[str], all_: Sequence[str]) -> tuple[str, ...]:
    return tuple(item for item in all_ if item in (mine or all_) and item in (theirs or all_))


def _vocabulary_problems(folder: Path) -> Iterator[Problem]:
    """What of divisions and calendar cannot be compiled."""
    checks: tuple[tuple[str, str, Callable[[str], object], str], ...] = (
        ("division", "level", _division_level, "Write 1 for a province to 5 for a community"),
        ("calendar", "day", date.fromisoformat, "Write days as yyyy-mm-dd"),
    )
    for table, column, read, mend in checks:
        path = folder / f"{table}.csv"
        if not path.exists():
            yield Problem(path, None, "", "this vocabulary is required by the policy", "Add it")
            continue
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), start=2):
                try:
                    read(row[column])
                except (KeyError, TypeError, ValueError):
                    yield Problem(path, line, column, f"cannot be read: {row.get(column)!r}", mend)
                    break


def _division_level(text: str) -> int:
    level = int(text)
    if level not in _DIVISION_LEVELS:
        raise ValueError(text)
    return level


def _codes(path: Path, column: str) -> frozenset[str]:
    if not path.exists():
        return frozenset()
    with path.open(encoding="utf-8-sig", newline="") as file:
        return frozenset(row[column] for row in csv.DictReader(file))


def _problem(file: YamlFile, index: int, fault: Fault) -> Problem:
    loc = ("rules", index, fault.key)
    return Problem(file.path, file.line(loc), readable(file.data, loc), fault.text, fault.mend)
