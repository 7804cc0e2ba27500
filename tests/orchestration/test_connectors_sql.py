"""Rows of a real SQLite and a real PostgreSQL land as the same canonical lines, with all keys beside them."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from catalog.city import City
from catalog.workspace import Workspace
from orchestration.connectors.errors import AddressRefusedError, SourceError
from orchestration.connectors.ndjson import NdjsonEncoder
from orchestration.landing.ledger import Ledger
from orchestration.landing.pull import pull
from tests.orchestration import landing_city
from tests.orchestration.landing_city import DAY, table
from tests.orchestration.postgres_server import fresh_database

ROWS = [
    ("b", "许可〔2026〕1号\n第二行", Decimal("10000000000000000.10"), date(2026, 1, 4), datetime(2026, 1, 5)),
    ("a", None, None, None, datetime(2026, 1, 5, 23, 59, 59, 500_000)),
    ("c", "before", Decimal("1.00"), None, datetime(2026, 1, 4, 23, 59, 59)),
    ("d", "after", Decimal("1.00"), None, datetime(2026, 1, 6)),
]


@pytest.fixture(scope="session")
def server(postgres_server: str) -> str:
    return fresh_database(postgres_server, "connectors")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database with the permits of ROWS."""
    if request.param == "postgresql":
        url = str(request.getfixturevalue("server"))
        engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    else:
        url = f"sqlite:///{tmp_path / 'permits.db'}"
        engine = sa.create_engine(url)
    metadata = sa.MetaData()
    permits = sa.Table(
        "permits",
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("text", sa.Text),
        sa.Column("fee", sa.Text if request.param == "sqlite" else sa.Numeric(30, 2)),
        sa.Column("decided", sa.Text if request.param == "sqlite" else sa.Date),
        sa.Column("updated_at", sa.Text if request.param == "sqlite" else sa.DateTime),
    )
    rows = ROWS
    if request.param == "sqlite":
        rows = [tuple(v.isoformat() if isinstance(v, date) else v if v is None else str(v) for v in r) for r in ROWS]  # type: ignore[misc]
    metadata.drop_all(engine)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(permits.insert(), [dict(zip(permits.c.keys(), row, strict=True)) for row in rows])
    engine.dispose()
    return url


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


def town(
    root: Path, url: str, *, source: dict[str, Any] | None = None, allow_private: bool = True, **options: Any
) -> City:
    source = {"kind": "sql", "table": "permits", "updated_at": "updated_at", "batch_rows": 1} | (source or {})
    variant = {"source": source, "format": {"kind": "ndjson"}}
    permit = table("permit", variant, deletes="key_snapshot")
    return landing_city.city(root, {"kind": "sql", "url": url, "allow_private": allow_private}, permit, **options)


def landed(workspace: Workspace) -> dict[str, list[dict[str, Any]]]:
    """Rows by file name."""
    with Ledger(workspace) as ledger:
        receipts = [r for batch in ledger.batches("feed") for r in ledger.objects(batch.batch_id)]
        return {
            f"{r.role}:{r.file_name}": [
                json.loads(line) for line in ledger.object_path(r.object_id).read_bytes().splitlines()
            ]
            for r in receipts
        }


def test_a_day_and_all_keys_land_in_canonical_lines(database: str, tmp_path: Path, workspace: Workspace) -> None:
    pull(town(tmp_path, database), "feed", DAY, workspace)
    files = landed(workspace)
    assert files["data:permit/20260105.ndjson"] == [
        {
            "id": "b",
            "text": "许可〔2026〕1号\n第二行",
            "fee": "10000000000000000.10",
            "decided": "2026-01-04",
            "updated_at": "2026-01-05T00:00:00",
        },
        {"id": "a", "text": None, "fee": None, "decided": None, "updated_at": "2026-01-05T23:59:59.500000"},
    ]
    assert files["keys:permit/20260105.keys.ndjson"] == [{"id": key} for key in "abcd"]


def test_the_source_says_nothing_of_user_and_password(database: str, tmp_path: Path, workspace: Workspace) -> None:
    pull(town(tmp_path, database), "feed", DAY, workspace)
    with Ledger(workspace) as ledger:
        [batch] = ledger.batches("feed")
        uris = {r.source_uri for r in ledger.objects(batch.batch_id)}
    assert len(uris) == 1
    assert not any("@" in uri or "?" in uri for uri in uris)
    assert uris.pop().endswith("#permits")


def test_a_day_without_changes_lands_an_empty_object(database: str, tmp_path: Path, workspace: Workspace) -> None:
    pull(town(tmp_path, database), "feed", date(2026, 1, 1), workspace)
    assert landed(workspace)["data:permit/20260101.ndjson"] == []


def test_a_failed_pull_records_nothing_and_the_next_lands_all(
    database: str, tmp_path: Path, workspace: Workspace
) -> None:
    wrong = town(tmp_path, database, source={"updated_at": "changed"})
    with pytest.raises(SourceError, match=r"schema\[permit\]\.source\.updated_at: .*no column changed.*updated_at"):
        pull(wrong, "feed", DAY, workspace)
    pull(town(tmp_path, database), "feed", DAY, workspace)
    assert len(landed(workspace)) == 2


def test_a_local_server_needs_leave(server: str, tmp_path: Path, workspace: Workspace) -> None:
    with pytest.raises(AddressRefusedError, match="on this machine"):
        pull(town(tmp_path, server, allow_private=False), "feed", DAY, workspace)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://u:secret@127.0.0.1/db", r"private address 127\.0\.0\.1"),
        ("postgresql://u:secret@169.254.169.254/db", "no feed may reach"),
        ("postgresql://u:secret@db.example/db?hostaddr=127.0.0.1", "names its server by hostaddr"),
        ("postgresql://u:secret@db.example/db?host=127.0.0.1", "names several hosts"),
        ("nonsense", "not a usable database URL"),
        ("nosuch://u:secret@db.example/db", "not a usable database URL"),
        ("sqlite:////nowhere/at/all.db", "there is no database file"),
    ],
)
def test_a_url_that_leads_astray_is_refused(tmp_path: Path, workspace: Workspace, url: str, says: str) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        pull(town(tmp_path, url, allow_private=False), "feed", DAY, workspace)
    assert "secret" not in str(caught.value)
    assert "feed.odcs.yaml: transport.url" in str(caught.value)


def test_a_server_that_is_down_is_tried_again_without_telling_the_password(
    tmp_path: Path, workspace: Workspace
) -> None:
    city = town(tmp_path, "postgresql://u:secret@127.0.0.1:1/db", retry={"attempts": 2})
    with pytest.raises(SourceError, match=r"the database failed: .*\(2 attempts\)") as caught:
        pull(city, "feed", DAY, workspace)
    assert "secret" not in str(caught.value)


def test_what_is_no_database_is_said_to_be_none(tmp_path: Path, workspace: Workspace) -> None:
    (tmp_path / "text.db").write_text("not a database, only a text that is long enough to have a header" * 20)
    with pytest.raises(SourceError, match="refuses to be read: file is not a database"):
        pull(town(tmp_path, f"sqlite:///{tmp_path / 'text.db'}"), "feed", DAY, workspace)


def test_a_database_is_never_written(tmp_path: Path, workspace: Workspace) -> None:
    file = tmp_path / "permits.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE permits (id TEXT PRIMARY KEY, text TEXT, updated_at TEXT)")
    connection.close()
    before = file.read_bytes(), sorted(tmp_path.glob("permits.db*"))
    pull(town(tmp_path, f"sqlite:///{file}"), "feed", DAY, workspace)
    assert (file.read_bytes(), sorted(tmp_path.glob("permits.db*"))) == before


ZONED = datetime(2026, 1, 5, 8, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ((1, None, 2**63 - 1), [1, None, 2**63 - 1]),
        ((2**64, None), ["18446744073709551616", None]),
        ((True, False), [True, False]),
        ((1.5, -0.1), [1.5, -0.1]),
        ((Decimal("1E+3"), Decimal("0.10")), ["1000", "0.10"]),
        (("é\"\\\t", "二\u2028"), ["é\"\\\t", "二\u2028"]),
        ((datetime(2026, 1, 5), None), ["2026-01-05T00:00:00", None]),
        ((datetime(2026, 1, 5, 1, 2, 3, 4), None), ["2026-01-05T01:02:03.000004", None]),
        ((ZONED, None), ["2026-01-05T08:00:00+08:00", None]),
        ((date(1, 1, 1), date(9999, 12, 31)), ["0001-01-01", "9999-12-31"]),
        ((b"\x00\xff", None), ["00ff", None]),
        (({"b": 1, "a": "二"}, None), ['{"a": "二", "b": 1}', None]),
        ((UUID(int=1), None), ["00000000-0000-0000-0000-000000000001", None]),
        ((1, "text", 2.5), ["1", "text", "2.5"]),
        ((None, None), [None, None]),
        ((datetime(2026, 1, 5, tzinfo=UTC), date(2026, 1, 5)), ["2026-01-05T00:00:00+00:00", "2026-01-05"]),
    ],
)  # fmt: skip
def test_values_have_one_canonical_form(values: tuple[Any, ...], written: list[Any]) -> None:
    with NdjsonEncoder() as encoder:
        lines = bytes(encoder.encode(["列", "n"], list(zip(values, range(len(values)), strict=True)))).decode()
    rows = [json.loads(line) for line in lines.split("\n")[:-1]]
    assert [row["列"] for row in rows] == written
    assert all(list(row) == ["列", "n"] for row in rows)
