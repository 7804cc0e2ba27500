"""Small releases on disk, as the publisher writes them: real DuckDB, Parquet and CSV files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from catalog.city_codes import CityCodes
from catalog.compiled import CATALOG_FILE, CityInfo, CompiledCatalog, CompiledColumn, CompiledDataset
from catalog.contract.options import Level, Title
from catalog.release import (
    DatasetQuality,
    Distribution,
    QualitySummary,
    ReleasedColumn,
    ReleasedDataset,
    ReleasedFile,
    ReleaseManifest,
    release_folder,
    write_manifest,
)
from catalog.service_requests import ServiceRequests
from catalog.workspace import Workspace
from tests.gateway.fake_policy import policy_over, put_policy

TITLE = Title(zh="云州", en="Yunzhou")
MEDIA = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv; charset=utf-8"}

TICKETS: dict[str, tuple[str, Level]] = {
    "ticket_no": ("VARCHAR", "L1"),
    "district": ("VARCHAR", "L1"),
    "minutes": ("INTEGER", "L1"),
    "fee": ("DECIMAL(18,2)", "L1"),
    "ratio": ("DOUBLE", "L1"),
    "opened_on": ("DATE", "L1"),
    "opened_at": ("TIMESTAMP", "L1"),
    "urgent": ("BOOLEAN", "L1"),
    "tags": ("VARCHAR[]", "L1"),
    "note": ("VARCHAR", "L1"),
    "total": ("HUGEINT", "L1"),
    "rank": ("INTEGER", "L2"),
    "phone": ("VARCHAR", "L3"),
}
"""Columns of the dataset `tickets`: stored type and level."""

TICKETS_SQL = """
    SELECT 'T' || lpad(i::VARCHAR, 7, '0') AS ticket_no,
           CASE WHEN i % 7 = 0 THEN NULL ELSE '区' || (i % 4) END AS district,
           CASE WHEN i % 5 = 0 THEN NULL ELSE (i * 37) % 11 END::INTEGER AS minutes,
           CASE WHEN i % 6 = 0 THEN NULL ELSE (i % 9) / 4 + 0.10 END::DECIMAL(18,2) AS fee,
           CASE i % 8 WHEN 0 THEN NULL WHEN 1 THEN 'nan' WHEN 2 THEN 'inf' ELSE i / 3 END::DOUBLE AS ratio,
           CASE WHEN i % 4 <> 0 THEN DATE '2024-01-01' + (i % 13)::INTEGER END AS opened_on,
           TIMESTAMP '2024-01-01 08:00:00' + to_seconds((i * 7919) % 3600) + to_milliseconds(i % 3) AS opened_at,
           CASE WHEN i % 3 <> 0 THEN i % 2 = 0 END AS urgent,
           CASE WHEN i % 9 <> 0 THEN ['甲', 'b"' || (i % 2)] END AS tags,
           CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'a,"b"' || chr(13) || chr(10) || 'c'
                      ELSE '路灯' || (i % 10) END AS note,
           (170141183460469231731687303715::HUGEINT + i) AS total,
           (i * {hidden}) % 100 AS rank,
           '1390{hidden:03d}' || lpad(i::VARCHAR, 4, '0') AS phone
    FROM range({rows}) AS r(i)
"""


def publish(
    home: Path,
    number: int,
    *,
    rows: int = 200,
    hidden: int = 7,
    switch: bool = True,
    quality: DatasetQuality | None = None,
    columns: dict[str, tuple[str, Level]] | None = None,
    **changes: Any,
) -> Path:
    """Write release `number` and, unless told otherwise, make it current.

    `hidden` varies what the public may not see, and nothing else; `quality` is that of every dataset; `columns` are
    those of `tickets` that the catalog knows, `changes` go to its entry.
    """
    entries = [
        dataset_entry("tickets", columns or TICKETS, ("ticket_no",), **changes),
        dataset_entry(
            "sealed_key", {"secret": ("INTEGER", "L2"), "a": ("INTEGER", "L1"), "b": ("VARCHAR", "L1")}, ("secret",)
        ),
        dataset_entry("conditional", {"id": ("INTEGER", "L1")}, ("id",), opening="conditional"),
        dataset_entry("all_secret", {"id": ("INTEGER", "L3")}, ("id",)),
    ]
    sources = {
        "tickets": TICKETS_SQL.format(rows=rows, hidden=hidden),
        "sealed_key": f"SELECT (i * {hidden * 7919}) % 101 AS secret, (i % 3)::INTEGER AS a, "
        "CASE WHEN i % 4 > 0 THEN 'b' || (i % 2) END AS b FROM range(40) AS r(i)",
        "conditional": "SELECT i::INTEGER AS id FROM range(5) AS r(i)",
        "all_secret": "SELECT i::INTEGER AS id FROM range(5) AS r(i)",
    }
    folder = _publish(home, number, entries, sources, quality=quality)
    put_policy(home, policy_over(entries))
    if switch:
        make_current(home, number)
    return folder


def publish_rows(
    home: Path,
    number: int,
    entries: Sequence[CompiledDataset],
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    open311: ServiceRequests | None = None,
    codes: CityCodes | None = None,
) -> Path:
    """Write release `number` of datasets with these rows, and make it current."""

    def load(con: duckdb.DuckDBPyConnection) -> None:
        for entry in entries:
            names = [_quoted(column.name) for column in entry.columns]
            types = ", ".join(f"{name} {column.type}" for name, column in zip(names, entry.columns, strict=True))
            con.execute(f'CREATE TEMP TABLE "rows_{entry.id}" ({types})')
            given = [[row[column.name] for column in entry.columns] for row in rows[entry.id]]
            if given:
                con.executemany(f'INSERT INTO "rows_{entry.id}" VALUES ({", ".join("?" * len(names))})', given)

    folder = _publish(
        home,
        number,
        entries,
        {e.id: f'SELECT * FROM "rows_{e.id}"' for e in entries},
        load,
        open311=open311,
        codes=codes,
    )
    make_current(home, number)
    return folder


def _publish(
    home: Path,
    number: int,
    entries: Sequence[CompiledDataset],
    sources: Mapping[str, str],
    load: Callable[[duckdb.DuckDBPyConnection], None] | None = None,
    *,
    quality: DatasetQuality | None = None,
    open311: ServiceRequests | None = None,
    codes: CityCodes | None = None,
) -> Path:
    """Write the folder of a release; `sources` gives the query of each dataset, `load` prepares what they read."""
    folder = release_folder(Workspace(home), number)
    (folder / "files").mkdir(parents=True)
    with duckdb.connect(str(folder / "serving.duckdb"), config={"threads": 1}) as con:
        con.execute("CREATE SCHEMA open")
        if load is not None:
            load(con)
        written = [_write(con, folder, entry, sources[entry.id]) for entry in entries]
        released = [dataset.model_copy(update={"quality": quality}) for dataset in written]
    city = CityInfo(
        id="yunzhou", title=TITLE, country="CN", timezone="Asia/Shanghai", area_code="990100",
        bbox=(1.0, 2.0, 3.0, 4.0), licence="CC-BY-4.0", publisher=Title(zh="云州市数据局", en="Yunzhou Data Bureau"),
        open311=open311, codes=codes,
    )  # fmt: skip
    CompiledCatalog(city=city, datasets=tuple(sorted(entries, key=lambda e: e.id)), models=(), feeds=()).save(
        folder / CATALOG_FILE
    )
    write_manifest(_manifest(number, released, folder), folder)
    return folder


def make_current(home: Path, number: int) -> None:
    """Switch CURRENT atomically."""
    workspace = Workspace(home)
    fresh = workspace.releases / ".CURRENT.new"
    fresh.write_text(f"{number:04d}\n", encoding="ascii")
    fresh.replace(workspace.current)


def tickets(home: Path, number: int, columns: str = "*", clause: str = "") -> list[tuple[Any, ...]]:
    """Rows of `tickets` straight from the serving file."""
    file = release_folder(Workspace(home), number) / "serving.duckdb"
    with duckdb.connect(str(file), read_only=True) as con:
        return con.execute(f"SELECT {columns} FROM open.tickets {clause}").fetchall()


def dataset_entry(
    name: str, columns: dict[str, tuple[str, Level]], key: tuple[str, ...], **changes: Any
) -> CompiledDataset:
    fields: dict[str, Any] = {
        "id": name,
        "model": f"open_{name}",
        "title": Title(zh=f"{name}数据", en=f"{name} <data>"),
        "description": f"One row per {name}. More words.",
        "grain": f"One row per {name}.",
        "level": "L1",
        "columns": tuple(
            CompiledColumn(
                name=n,
                type=t,
                title=Title(zh=f"{n}列", en=n),
                description=f"The {n}.",
                level=level,
                nullable=n not in key,
            )
            for n, (t, level) in columns.items()
        ),
        "key": key,
        "order": key,
        "sharing": "unconditional",
        "opening": "unconditional",
        "publisher": TITLE,
        "owner": None,
        "licence": "CC-BY-4.0",
        "frequency": "daily",
        "themes": ("城市管理",),
        "upstream": (),
        "feeds": (),
    }
    return CompiledDataset(**(fields | changes))


def _write(con: duckdb.DuckDBPyConnection, folder: Path, entry: CompiledDataset, sql: str) -> ReleasedDataset:
    con.execute(f'CREATE TABLE open."{entry.id}" AS SELECT * FROM ({sql}) ORDER BY {", ".join(entry.key)}')
    public = [c.name for c in entry.columns if c.level == "L1"] if entry.opening == "unconditional" else []
    files = []
    for kind in MEDIA if public else ():
        path = folder / "files" / f"{entry.id}.{kind}"
        options = "FORMAT csv, HEADER" if kind == "csv" else "FORMAT parquet"
        target = str(path).replace("'", "''")
        con.execute(
            f"COPY (SELECT {', '.join(map(_quoted, public))} FROM open.\"{entry.id}\") TO '{target}' ({options})"
        )
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        files.append(
            Distribution(name=path.name, format=kind, media_type=MEDIA[kind], bytes=path.stat().st_size, sha256=digest)
        )
    described = con.execute(f'DESCRIBE open."{entry.id}"').fetchall()
    count = con.execute(f'SELECT count(*) FROM open."{entry.id}"').fetchall()[0][0]
    return ReleasedDataset(
        id=entry.id,
        row_count=count,
        content_hash=hashlib.sha256(sql.encode()).hexdigest(),
        schema=tuple(ReleasedColumn(name=row[0], type=row[1]) for row in described),
        distributions=tuple(files),
    )


def _manifest(number: int, datasets: list[ReleasedDataset], folder: Path) -> ReleaseManifest:
    serving = folder / "serving.duckdb"
    return ReleaseManifest(
        number=number,
        city="yunzhou",
        title=TITLE,
        published_at=datetime(2024, 5, 1, tzinfo=UTC) + timedelta(days=number),
        content_hash=hashlib.sha256("".join(d.content_hash for d in datasets).encode()).hexdigest(),
        lake_snapshot=number,
        previous=number - 1 or None,
        datasets=tuple(datasets),
        quality=QualitySummary(score=1.0, checks_passed=1, checks_warned=0, checks_failed=0),
        files=(ReleasedFile(name=serving.name, bytes=serving.stat().st_size, sha256="0" * 64),),
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
