"""Whether the platform and the script by hand came to the same answers, and what differs if they did not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.by_hand.run import OPEN
from catalog.release import read_current, release_folder
from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake

SAMPLE = 5


@dataclass(frozen=True)
class Compared:
    """One relation on both sides: rows, rows only one side has, a few of them, and whether the files are equal."""

    name: str
    platform: int
    by_hand: int
    only_platform: int
    only_by_hand: int
    sample: tuple[str, ...]
    same_file: bool | None = None

    @property
    def equal(self) -> bool:
        """Row for row the same."""
        return not self.only_platform and not self.only_by_hand


def compare(platform: Path, by_hand: Path) -> list[Compared]:
    """The five open datasets, then the rows quarantined and the repetitions found, table by table and rule by rule."""
    workspace = Workspace(platform)
    number = read_current(workspace)
    if number is None:
        raise RuntimeError(f"{platform} holds no release")
    released = release_folder(workspace, number)
    with duckdb.connect() as con:
        con.execute(f"attach '{released / 'serving.duckdb'}' as released (read_only)")
        con.execute(f"attach '{by_hand / 'by_hand.duckdb'}' as by_hand (read_only)")
        found = []
        for dataset, (table, _) in OPEN.items():
            columns = ", ".join(row[0] for row in con.execute(f"describe released.open.{dataset}").fetchall())
            left, right = (f"select {columns} from {of}" for of in (f"released.open.{dataset}", f"by_hand.{table}"))
            files = [folder / f"{dataset}.csv" for folder in (released / "files", by_hand / "files")]
            same = _digest(files[0]) == _digest(files[1]) if files[0].exists() else None
            found.append(_compared(con, f"open: {dataset}", left, right, same))
    with open_lake(workspace, read_only=True) as con:
        con.execute(f"attach '{by_hand / 'by_hand.duckdb'}' as by_hand (read_only)")
        left = "select table_name, file_name, line, rule_ids from lake.ops.quarantine"
        found.append(_compared(con, "quarantine", left, "select tbl, file_name, line, rules from by_hand.quarantine"))
        left = "select table_name, file_name, line from lake.ops.duplicate"
        found.append(_compared(con, "duplicates", left, "select tbl, file_name, line from by_hand.duplicate"))
        left = "select feed, count(distinct batch_id) from lake.ops.batch where status = 'held' group by feed"
        right = "select feed, count(distinct batch) from by_hand.held group by feed"
        found.append(_compared(con, "held batches by feed", left, right))
    return found


def _compared(con: duckdb.DuckDBPyConnection, name: str, left: str, right: str, same: bool | None = None) -> Compared:
    def count(query: str) -> int:
        row = con.execute(f"select count(*) from ({query})").fetchone()
        return int(row[0]) if row else 0

    differences = [f"{a} except all {b}" for a, b in ((left, right), (right, left))]
    sample = [
        f"{side}: {row}"
        for side, query in zip(("platform", "by hand"), differences, strict=True)
        for row in con.execute(f"select * from ({query}) order by all limit {SAMPLE}").fetchall()
    ]
    return Compared(name, count(left), count(right), *map(count, differences), tuple(sample), same)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
