"""The fixed interface of the vocabulary tables, and the check of a city's CSV files against it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import TypeAdapter

from catalog.contract.options import Strict, Title
from catalog.errors import Problem
from catalog.validate import nearest
from catalog.yamlfile import read_yaml

INTERFACE_FILE = Path(__file__).with_name("vocabulary.yml")


class _AuthoredColumn(Title):
    type: str = "VARCHAR"


class _AuthoredTable(Strict):
    title: Title
    grain: str
    required: bool = False
    columns: dict[str, _AuthoredColumn]


@dataclass(frozen=True)
class VocabularyTable:
    """One vocabulary table: `columns` are (name, DuckDB type) in CSV order; a required one must have a file."""

    name: str
    columns: tuple[tuple[str, str], ...]
    required: bool
    title: Title
    grain: str
    column_titles: Mapping[str, Title]


@cache
def load_interface() -> Mapping[str, VocabularyTable]:
    """All vocabulary tables by name, in the order of vocabulary.yml."""
    authored = TypeAdapter(dict[str, _AuthoredTable]).validate_python(read_yaml(INTERFACE_FILE).data)
    return MappingProxyType({name: _table(name, table) for name, table in authored.items()})


def check_vocabulary(folder: Path) -> list[Problem]:
    """Faults of a city's vocabulary folder: unknown tables, wrong headers, required tables without a file."""
    interface = load_interface()
    problems = []
    for path in sorted(folder.glob("*.csv")):
        table = interface.get(path.stem)
        if table is None:
            mend = f"Rename or remove the file; {nearest(path.stem, interface)}"
            problems.append(Problem(path, None, "", "no vocabulary table has this name", mend))
        else:
            problems += _check_header(path, table)
    for name, table in interface.items():
        path = folder / f"{name}.csv"
        if table.required and not path.exists():
            header = ",".join(column for column, _ in table.columns)
            problems.append(Problem(path, None, "", "this vocabulary is required", f"Add it with the header {header}"))
    return problems


def _table(name: str, authored: _AuthoredTable) -> VocabularyTable:
    columns = tuple((column, spec.type) for column, spec in authored.columns.items())
    titles = {column: Title(zh=spec.zh, en=spec.en) for column, spec in authored.columns.items()}
    return VocabularyTable(name, columns, authored.required, authored.title, authored.grain, MappingProxyType(titles))


def _check_header(path: Path, table: VocabularyTable) -> list[Problem]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    expected = [name for name, _ in table.columns]
    missing = [name for name in expected if name not in header]
    unknown = [name for name in header if name not in expected]
    problems = [Problem(path, 1, name, "the column is missing", "Add it to the header") for name in missing]
    problems += [
        Problem(path, 1, name, "unknown column", f"Remove or rename it; {nearest(name, expected)}") for name in unknown
    ]
    return problems
