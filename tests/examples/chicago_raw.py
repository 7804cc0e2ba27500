"""What the raw Chicago and Tainan files hold, by plain DuckDB and fastexcel: nothing of the platform is used here."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import duckdb
import fastexcel

DECISION_NUMBER = "處分書文號"
VIOLATION = "違反法規內容"
NOT_DECISIONS = ("範例", "違反法")  # sheets of samples and lists


class RawFiles:
    """Counts over the files below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.con = duckdb.connect()
        for name, file in {
            "hotline": "chicago/hotline/*.csv",
            "earlier": "chicago/grid/sanitation_code_20141110.csv",
            "later": "chicago/grid/sanitation_code_20150101.csv",
            "inspection": "chicago/credit/food_inspections_with_features.csv",
            "violation": "chicago/credit/violation_matrix.csv",
            "licence": "chicago/credit/business_licences_at_inspection.csv",
        }.items():
            self.con.execute(
                f"CREATE VIEW {name} AS FROM read_csv('{folder / file}', all_varchar = true, header = true)"
            )
        keys = ", ".join(f"{key}: 'VARCHAR'" for key in ("n", "s", "t", "c", "gp", "cn", "gc", "os", "x", "ca"))
        files = [str(folder / "chicago" / name / "*.json.gz") for name in ("permits", "permits_versions")]
        self.con.execute(
            f"CREATE VIEW permit AS SELECT * REPLACE (parse_filename(filename) AS filename) FROM read_json({files}, "
            f"format = 'array', columns = {{{keys}}}, filename = true)"
        )

    def count(self, relation: str, condition: str = "true") -> int:
        """Rows of a relation that satisfy a condition."""
        row = self.con.execute(f"SELECT count(*) FROM {relation} WHERE {condition}").fetchone()
        assert row is not None
        return int(row[0])

    @cached_property
    def decision_lines(self) -> list[dict[str, str]]:
        """Every line with some text below a header in Tainan's sheets of decisions, by header without white space."""
        found = []
        for path in sorted((self.folder / "tainan" / "credit_penalties").iterdir()):
            book = fastexcel.read_excel(path)
            for sheet in book.sheet_names:
                if not sheet.startswith(NOT_DECISIONS):
                    cells = book.load_sheet(sheet, header_row=None, dtypes="string").to_arrow().to_pylist()
                    found += _below_header([[value or "" for value in row.values()] for row in cells])
        return found

    @cached_property
    def decisions(self) -> list[dict[str, str]]:
        """Of those, the lines that state a decision number or a violation."""
        return [line for line in self.decision_lines if line.get(DECISION_NUMBER) or line.get(VIOLATION)]

    def decision_numbers(self) -> set[str]:
        """Ten-digit numbers written as decision numbers (before 號)."""
        texts = (re.sub(r"\s", "", line.get(DECISION_NUMBER, "")) for line in self.decisions)
        return {match.group(1) for text in texts if (match := re.search(r"(\d{10})號", text))}


def _below_header(rows: list[list[str]]) -> list[dict[str, str]]:
    heads = [[re.sub(r"\s", "", cell) for cell in row] for row in rows]
    start = next((number for number, head in enumerate(heads) if DECISION_NUMBER in head), None)
    if start is None:
        return []
    return [
        {name: cell.strip() for name, cell in zip(heads[start], row, strict=True) if name}
        for row in rows[start + 1 :]
        if any(cell.strip() for cell in row)
    ]
