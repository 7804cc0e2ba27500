"""The look-up file and the engine give the same bytes; what an index answers needs no engine."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.compiled import CATALOG_FILE, CompiledCatalog, CompiledDataset
from catalog.contract.options import Level
from catalog.release import LOOK_UP_FILE, release_folder
from catalog.workspace import Workspace
from gateway.app import create_app
from gateway.settings import GatewaySettings
from orchestration.release.lookup import write_look_ups
from tests.gateway.conftest import PLAIN
from tests.gateway.fake_policy import policy_over, put_policy
from tests.gateway.fake_release import dataset_entry, publish_rows
from tests.gateway.key_holders import issue_keys

COLUMNS: dict[str, tuple[str, Level]] = {
    "name": ("VARCHAR", "L1"),
    "part": ("INTEGER", "L1"),
    "kind": ("VARCHAR", "L1"),
    "at": ("TIMESTAMP", "L1"),
    "day": ("DATE", "L1"),
    "count": ("BIGINT", "L1"),
    "ratio": ("DOUBLE", "L1"),
    "single": ("FLOAT", "L1"),
    "fee": ("DECIMAL(18,4)", "L1"),
    "open": ("BOOLEAN", "L1"),
    "note": ("VARCHAR", "L1"),
    "tags": ("VARCHAR[]", "L1"),
    "secret": ("VARCHAR", "L2"),
}
PLAIN_COLUMNS = [name for name in COLUMNS if name not in ("tags", "secret")]
NAMES = (
    "",
    "a",
    "A",
    "á",
    "a ",
    " a",
    "ab",
    "a\0b",
    "Ω",
    "区",
    "区1",
    "😀",
    "10",
    "9",
    "%",
    "_",
    "'",
    '"',
    "null",
    "ÿ",
)
KINDS = ("x", "X", "", "甲", None)
TIMES = (
    datetime(2024, 1, 1),
    datetime(2024, 1, 1, 0, 0, 0, 1),
    datetime(2024, 1, 1, 0, 0, 0, 500_000),
    datetime(1999, 12, 31, 23, 59, 59, 999_999),
    None,
)
NUMBERS = (0, -1, 2**63 - 1, -(2**63), 7, None)
RATIOS = (0.0, -0.0, 1.0, 0.1, -1e300, 1e-310, float("nan"), float("inf"), None)
FEES = (Decimal("0.1000"), Decimal("-0.0001"), Decimal("12345678901234.5678"), Decimal(0), None)
NOTES = (
    "灯杆000123号不亮",
    "灯杆000124号\t倾斜",
    'a "quoted" Text',
    "A QUOTED TEXT",
    "back\\slash",
    "ab",
    "",
    "😀😀😀 abc",
    None,
)
WAYS = (("~note",), ("kind",), ("kind", "-at"), ("kind", "part"), ("-day",), ("part", "-count"), ("open", "-at"))
ROWS = [
    {
        "name": name,
        "part": part,
        "kind": KINDS[(place * 3 + part) % 5],
        "at": TIMES[(place + part) % 5],
        "day": (date(2024, 2, 29), date(1000, 1, 1), date(9999, 12, 30), None)[(place + part) % 4],
        "count": NUMBERS[(place * 5 + part) % 6],
        "ratio": RATIOS[(place + part * 2) % 9],
        "single": (0.1, -0.0, 3.5, None)[(place + part) % 4],
        "fee": FEES[(place + part) % 5],
        "open": (True, False, None)[(place + part) % 3],
        "note": NOTES[(place * 7 + part) % len(NOTES)],
        "tags": ["t"],
        "secret": f"secret {place}",
    }
    for place, name in enumerate(NAMES)
    for part in range(4)
]


def entry(**changes: Any) -> CompiledDataset:
    return dataset_entry("things", COLUMNS, ("name", "part"), access=WAYS, **changes)


def write(home: Path) -> Path:
    """The look-up file of release 1, as it is published."""
    folder = release_folder(Workspace(home), 1)
    catalog = CompiledCatalog.load(folder / CATALOG_FILE)
    with duckdb.connect(str(folder / "serving.duckdb"), read_only=True) as con:
        write_look_ups(con, catalog.datasets, "open", folder)
    return folder / LOOK_UP_FILE


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A workspace whose release has a look-up file, and the same without."""
    folder = tmp_path_factory.mktemp("look ups'")
    publish_rows(folder / "without", 1, [entry()], {"things": ROWS})
    put_policy(folder / "without", policy_over([entry()]))
    shutil.copytree(folder / "without", folder / "with")
    write(folder / "with")
    return folder / "with", folder / "without"


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    app = create_app(GatewaySettings(home=home, cursor_secret="0123456789abcdef", answer_cache=0))  # type: ignore[arg-type]
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=PLAIN) as client:
            yield app, client


def text_of(value: Any) -> str:
    return quote(value.isoformat() if isinstance(value, (date, datetime)) else str(value))


CONDITIONS = st.lists(
    st.one_of(
        *(
            st.tuples(st.just(name), st.sampled_from(["", "__lt", "__le", "__gt", "__ge"]), st.sampled_from(values))
            for name, values in (
                ("name", NAMES),
                ("part", (0, 1, 3, 9)),
                ("kind", [kind for kind in KINDS if kind is not None]),
                ("at", [at for at in TIMES if at is not None]),
                ("day", (date(2024, 2, 29), date(1000, 1, 1))),
                ("count", [count for count in NUMBERS if count is not None]),
            )
        )
    ),
    max_size=3,
) | st.lists(
    st.tuples(
        st.just("note"),
        st.just("__contains"),
        st.sampled_from(
            ["000123", "杆0001", '"quo', "QUOTED", "k\\s", "号\t倾", "😀😀😀", "ab", "a", "", "not there", "a%b"]
        ),
    ),
    min_size=1,
    max_size=1,
)
ORDERS = st.one_of(
    st.sampled_from(["", "name", "name,part", "-name,-part", "-at", "-day", "-count", "part", "-at,name,part"]),
    st.lists(
        st.sampled_from(["name", "-part", "at", "-count", "kind", "day"]), unique=True, min_size=1, max_size=3
    ).map(",".join),
)
QUESTIONS = st.builds(
    lambda conditions, order, limit, columns: "&".join(
        [
            f"limit={limit}",
            f"select={','.join(columns)}",
            *([f"order={order}"] if order else []),
            *(f"{name}{operator}={text_of(value)}" for name, operator, value in conditions),
        ]
    ),
    CONDITIONS,
    ORDERS,
    st.sampled_from([1, 3, 1000]),
    st.lists(st.sampled_from(PLAIN_COLUMNS), unique=True, min_size=1),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(QUESTIONS, min_size=10, max_size=10))
def in_both(batch: list[str], runner: asyncio.Runner, clients: list[httpx.AsyncClient]) -> None:
    async def compare(question: str | None) -> None:
        path = f"/v1/datasets/things/rows?{question}"
        for _ in range(4):
            answers = [await client.get(path) for client in clients]
            assert answers[0].content == answers[1].content, path
            assert answers[0].headers["etag"] == answers[1].headers["etag"]
            following = answers[0].json().get("next")
            if following is None:
                return
            path = following

    for question in batch:
        runner.run(compare(question))


def test_both_stores_give_the_same_bytes(homes: tuple[Path, Path]) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        apps = [runner.run(stack.enter_async_context(served(home))) for home in homes]
        files = apps[0][0].state.services.look_ups
        in_both(runner=runner, clients=[client for _, client in apps])
        assert files.answered > 30
        runner.run(stack.aclose())


INDEXED = (
    "name=a&part=1",
    "limit=10",
    "order=-name,-part&limit=5&name__lt=b",
    "kind=x&order=-at",
    "kind=x&at__le=2024-01-01&order=-at",
    "kind=x",
    "order=-day",
    "part=2&order=-count,name,part&count__between=-5,5",
    "note__contains=000123",
    "note__contains=%22quo&order=name&limit=2",
)
NOT_INDEXED = (
    "order=at",
    "fee=0",
    "kind__in=x,X",
    "kind=x&part=1&order=-at",
    "select=tags",
    "q=a",
    "note__contains=ab",
    "kind__contains=xyz",
)


def test_an_index_answers_without_the_engine(homes: tuple[Path, Path]) -> None:
    async def ask() -> None:
        async with served(homes[0]) as (app, client):
            app.state.services.engine.close()
            for questions, status in ((INDEXED, 200), (NOT_INDEXED, 500)):
                for question in questions:
                    chosen = "" if "select" in question else f"select={','.join(PLAIN_COLUMNS)}&"
                    answer = await client.get(f"/v1/datasets/things/rows?{chosen}{question}")
                    assert answer.status_code == status, question

    asyncio.run(ask())


def test_only_what_everybody_sees_in_clear_is_looked_up(tmp_path: Path) -> None:
    publish_rows(tmp_path, 1, [entry()], {"things": ROWS})
    put_policy(tmp_path, policy_over([entry()]))
    file = write(tmp_path)
    assert b"secret 1" not in file.read_bytes()
    keys = issue_keys(tmp_path)

    async def ask() -> None:
        async with served(tmp_path) as (app, client):
            owner = await client.get("/v1/datasets/things/rows?select=secret&name=a&part=1", headers=keys["owner"])
            assert owner.json()["rows"] == [{"secret": "secret 1"}]
            assert (await client.get("/v1/datasets/things/rows?select=secret")).status_code == 400
            masked = policy_over([dataset_entry("things", COLUMNS | {"kind": ("VARCHAR", "L3")}, ("name", "part"))])
            put_policy(tmp_path, masked)
            await app.state.services.policies.refresh()
            assert (await client.get("/v1/datasets/things/rows?select=kind&name=a&part=1")).status_code == 400
            assert app.state.services.look_ups.answered == 0

    asyncio.run(ask())


def test_a_damaged_file_leaves_the_engine_to_answer(homes: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.copytree(homes[0], tmp_path / "home")
    file = release_folder(Workspace(tmp_path / "home"), 1) / LOOK_UP_FILE
    file.write_bytes(b"SQLite format 3\0" + b"x" * 5000)

    async def ask() -> None:
        async with served(tmp_path / "home") as (app, client):
            for _ in range(2):
                answer = await client.get("/v1/datasets/things/rows?name=a&part=1")
                assert len(answer.json()["rows"]) == 1
            assert app.state.services.look_ups.answered == 0

    asyncio.run(ask())
