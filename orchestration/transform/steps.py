"""What a city's staging model lowers in level: declared beside its SQL, with the checks that prove it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from catalog.columns import Deidentified
from catalog.contract.options import Strict
from catalog.errors import CatalogError
from catalog.validate import nearest, validate
from catalog.yamlfile import read_yaml


class ColumnStep(Strict):
    """The step of one column, and the dbt tests to be added to it."""

    deidentified: Deidentified
    data_tests: tuple[str | dict[str, Any], ...] = Field(min_length=1)


class StagingSteps(Strict):
    """`staging/<feed>/<interface>.yml` of a city: columns by name."""

    columns: dict[str, ColumnStep] = Field(min_length=1)


def load_steps(sql: Path, columns: set[str]) -> dict[str, ColumnStep]:
    """The steps declared beside the staging model `sql`, by column; empty when there are none.

    CatalogError when the file has faults, or names a column that is none of `columns`.
    """
    path = sql.with_suffix(".yml")
    if not path.exists():
        return {}
    file = read_yaml(path)
    steps = validate(StagingSteps, file).columns
    for name in steps:
        if name not in columns:
            line = file.line(("columns", name))
            mend = f"Correct it; {nearest(name, columns)}"
            raise CatalogError.one(path, "the interface has no such column", mend, line=line, key=f"columns.{name}")
    return steps
