"""The page of libraries: each item of a city's governance with the tables that serve it, from the models themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from catalog.contract.options import Strict, Title
from catalog.validate import validate
from catalog.yamlfile import read_yaml

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES_FILE = Path(__file__).with_name("libraries.yml")
MODELS = ROOT / "dbt_project" / "models"
PAGE = ROOT / "docs" / "libraries.md"
HEAD = """# The libraries

What of a city's governance is served, and by which tables. The mapping is `catalog/libraries.yml`; the rest is \
what the models say of themselves. Written by `python -m catalog.libraries`; a test holds this page to them.

Every model is made where something it stands on is delivered; the demonstration city delivers everything. An item \
without a table is marked **missing**.

From a figure to its rows: `civiclake lineage hotline_score.resolution_rate --row org_code=YZ-CGJ --row \
month=2026-06-01` shows the tickets behind it, and the landed files they came in. A model says under `cases` which \
rows stand behind its figures.
"""


class Item(Strict):
    """One item of the scope: `tables` are models, `platform` parts of the code, both by name."""

    no: str
    zh: str
    en: str
    tables: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()


class Section(Strict):
    """A group of items."""

    title: Title
    items: tuple[Item, ...]


class Libraries(Strict):
    """The file as authored."""

    sections: tuple[Section, ...]

    def items(self) -> Iterator[Item]:
        """All items, in order."""
        for section in self.sections:
            yield from section.items


@dataclass(frozen=True)
class Table:
    """What a model says of itself: its grain, level, dataset if it is one, and how many tests hold it."""

    name: str
    title: Title
    grain: str
    level: str
    dataset: str | None
    data_tests: int
    unit_tests: int
    is_view: bool


@cache
def load_libraries() -> Libraries:
    """The mapping; CatalogError names every fault of the file."""
    return validate(Libraries, read_yaml(LIBRARIES_FILE))


def tables_of(models: Path = MODELS) -> dict[str, Table]:
    """Every model that is described below `models`, by name."""
    found: dict[str, Table] = {}
    for file in sorted(models.rglob("*.yml")):
        if (model := file.with_suffix(".sql")).exists():
            is_view = "materialized='view'" in model.read_text(encoding="utf-8")
            found |= {table.name: table for table in _tables(read_yaml(file).data, is_view=is_view)}
    return found


def missing(libraries: Libraries, tables: Mapping[str, Table]) -> list[Item]:
    """Items of which neither a table nor a part of the platform exists."""
    return [item for item in libraries.items() if not _serving(item, tables)]


def page(libraries: Libraries, tables: Mapping[str, Table]) -> str:
    """The page in Markdown."""
    lines = [HEAD]
    for section in libraries.sections:
        lines += [f"## {section.title.en} · {section.title.zh}\n", "| No. | Item | Served by |", "| --- | --- | --- |"]
        lines += [f"| {item.no} | {item.zh}<br>{item.en} | {_served(item, tables)} |" for item in section.items]
        lines.append("")
    named = {name for item in libraries.items() for name in item.tables}
    lines += ["## The tables\n", "| Table | Grain | Level | Tests | Dataset |", "| --- | --- | --- | --- | --- |"]
    lines += [_row(table) for name, table in sorted(tables.items()) if name in named]
    return "\n".join(lines) + "\n"


def _tables(document: Mapping[str, Any], *, is_view: bool) -> Iterator[Table]:
    units = document.get("unit_tests") or ()
    for model in document.get("models") or ():
        meta, columns = model["config"]["meta"], model.get("columns") or ()
        tests = [*model.get("data_tests", ()), *(test for column in columns for test in column.get("data_tests", ()))]
        yield Table(
            name=model["name"],
            title=Title.model_validate(dict(meta["title"])),
            grain=model["description"].strip().partition(". ")[0].rstrip(".").replace("\n", " "),
            level=meta["level"],
            dataset=(meta.get("dataset") or {}).get("id"),
            data_tests=len(tests),
            unit_tests=sum(test["model"] == model["name"] for test in units),
            is_view=is_view,
        )


def _serving(item: Item, tables: Mapping[str, Table]) -> list[str]:
    parts = [name for name in item.platform if (ROOT / name).exists()]
    return [*(name for name in item.tables if name in tables), *parts]


def _served(item: Item, tables: Mapping[str, Table]) -> str:
    serving = _serving(item, tables)
    return ", ".join(f"`{name}`" for name in serving) if serving else "**missing**"


def _row(table: Table) -> str:
    dataset = f"`{table.dataset}`" if table.dataset else ""
    held: Sequence[str] = [
        f"{count} {kind}" for count, kind in ((table.data_tests, "of rows"), (table.unit_tests, "of formulas")) if count
    ]
    cells = (f"`{table.name}` {table.title.zh}", table.grain, table.level, ", ".join(held), dataset)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(load_libraries(), tables_of()), encoding="utf-8")
