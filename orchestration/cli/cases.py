"""From one figure of a theme to the cases behind it, and to the landed files these came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from catalog.cases import cases_behind
from orchestration.cli.exits import CommandError, ExitCode

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from catalog.manifest import DbtManifest, DbtModel
    from catalog.workspace import Workspace


class Case(NamedTuple):
    """One case: the values of its key, whether it is in the numerator, and where its row landed."""

    key: tuple[str, ...]
    is_counted: bool
    file_name: str
    line: int
    object_id: str


def show_cases(manifest: DbtManifest, workspace: Workspace, relation: str, column: str, row: Sequence[str]) -> None:
    """Print the cases behind `column` of the row of `relation` that the conditions `row` (COLUMN=VALUE) name.

    CommandError when no cases are declared for the figure, or not exactly one row is named.
    """
    from orchestration.cli.console import out, print_table
    from orchestration.lake.connect import open_lake
    from orchestration.landing.ledger import Ledger

    model = manifest.model(relation.partition(".")[2])
    declared = cases_behind(model)
    if declared is None or (declared.measures and column not in declared.measures):
        known = sorted(declared.measures) if declared else []
        hint = f"; of this table they are for {', '.join(known)}" if known else ""
        raise CommandError(ExitCode.USAGE, f"no cases are declared behind {model.name}.{column}{hint}")
    asked = [_condition(model, text) for text in row]
    with open_lake(workspace, read_only=True) as con:
        value = _figure(con, model, column, asked)
        cases = cases_of(con, manifest, model, column=column, asked=asked)
    counted = sum(case.is_counted for case in cases)
    of = ", ".join(row)
    out.print(f"{model.name}.{column} of {of}: {value}; {counted:,} of {len(cases):,} cases count in full")
    print_table(
        "",
        ("case", "counts", "file", "line"),
        [(" ".join(c.key), "yes" if c.is_counted else "no", c.file_name, c.line) for c in cases],
        numbers=1,
    )
    with Ledger(workspace) as ledger:
        files = sorted({(case.file_name, str(ledger.object_path(case.object_id))) for case in cases})
    out.print("As they landed:")
    for name, path in files:
        out.print(f"{name}  {path}", soft_wrap=True, markup=False)


def cases_of(
    con: DuckDBPyConnection,
    manifest: DbtManifest,
    model: DbtModel,
    *,
    column: str,
    asked: Sequence[tuple[str, str]],
) -> list[Case]:
    """The cases behind `column` of the rows of `model` that the conditions name, in order of their numbers.

    None where the model declares none.
    """
    declared = cases_behind(model)
    if declared is None:
        return []
    cases = manifest.model(declared.model)
    where = " AND ".join([f'CAST(r."{name}" AS VARCHAR) = ?' for name, _ in asked])
    values: list[Any] = [value for _, value in asked]
    if column in declared.measures:
        where, values = f"{where} AND b.measure = ?", [*values, declared.measures[column]]
    joined = " AND ".join(f'r."{name}" IS NOT DISTINCT FROM b."{name}"' for name in declared.by)
    found: list[Case] = []
    for name, key in declared.of.items():
        topic = manifest.model(name)
        row = " AND ".join(f't."{own}" = b."{held}"' for own, held in key.items())
        shown = ", ".join(f't."{own}"' for own in key)
        answer = con.execute(
            f"SELECT {shown}, b.is_counted, t._file_name, t._line, t._object_id"
            f" FROM lake.{model.layer}.{model.name} r JOIN lake.{cases.layer}.{cases.name} b ON {joined}"
            f" JOIN lake.{topic.layer}.{topic.name} t ON {row} WHERE {where} ORDER BY ALL",
            values,
        ).fetchall()
        found += [Case(tuple(map(str, r[: len(key)])), bool(r[-4]), r[-3], r[-2], r[-1]) for r in answer]
    return found


def _figure(con: DuckDBPyConnection, model: DbtModel, column: str, asked: Sequence[tuple[str, str]]) -> object:
    where = " AND ".join(f'CAST("{name}" AS VARCHAR) = ?' for name, _ in asked)
    rows = con.execute(
        f'SELECT "{column}" FROM lake.{model.layer}.{model.name} WHERE {where} LIMIT 2', [value for _, value in asked]
    ).fetchall()
    if len(rows) != 1:
        key = (model.meta.get("dataset") or {}).get("key") or ()
        count = "no row" if not rows else "more than one row"
        named = " ".join(f"--row {name}=…" for name in key)
        raise CommandError(ExitCode.USAGE, f"{count} of {model.name} is so; one is named by {named}")
    return rows[0][0]


def _condition(model: DbtModel, text: str) -> tuple[str, str]:
    from catalog.validate import nearest

    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(ExitCode.USAGE, f"`{text}` is no condition; write COLUMN=VALUE")
    if name not in model.columns:
        raise CommandError(ExitCode.USAGE, f"{model.name} has no column `{name}`; {nearest(name, model.columns)}")
    return name, value
