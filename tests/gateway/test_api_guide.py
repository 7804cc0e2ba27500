"""Every example of docs/api.md is run as it stands, by curl against a server; the guide names every door."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import httpx
import pytest
from ruamel.yaml import YAML

import civiclake_client
from catalog.city import CityFile
from catalog.contract.options import Level
from gateway.answers.forms import FORMS
from gateway.app import ROUTERS
from gateway.doors.native import changes, count, facets, files, groups, rows, verify
from gateway.query.buckets import BUCKETS
from gateway.query.geometry import WHERES
from gateway.query.measures import MEASURES
from gateway.query.operators import OPERATORS
from tests.gateway.conftest import ROOT, client_over
from tests.gateway.fake_policy import policy_over, put_policy
from tests.gateway.fake_release import dataset_entry, publish_rows
from tests.gateway.key_holders import issue_keys
from tests.gateway.test_files import httpfs

GUIDE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
DEMONSTRATION = ROOT / "examples" / "yunzhou" / "city.yml"
ADDRESS = "http://127.0.0.1:8000"
EXAMPLES = [
    command
    for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    for command in block.replace("\\\n", "").strip().splitlines()
]
MODELS = {
    "penalties": "open/open_penalty",
    "permits": "open/open_permit",
    "permit_records": "topic/topic_permit",
    "grid_cases": "open/open_grid_case",
    "city_codes": "open/open_city_code",
}


def model(name: str) -> tuple[dict[str, Any], dict[str, tuple[str, Level]]]:
    """The dataset of a model, and its published columns, as the project has them."""
    file = ROOT / "dbt_project" / "models" / f"{MODELS[name]}.yml"
    text = file.read_text(encoding="utf-8").partition("\nunit_tests:")[0]
    entry = YAML(typ="safe").load(text)["models"][0]
    columns = {c["name"]: (c["data_type"].upper(), c["config"]["meta"]["level"]) for c in entry["columns"]}
    published = {n: c for n, c in columns.items() if not n.startswith("_") and n != "is_deleted"}
    return entry["config"]["meta"]["dataset"], published


def value(rng: random.Random, name: str, kind: str, number: int) -> Any:
    if name == "status_code" and kind == "VARCHAR":
        return "active"
    if name in ("city_code", "legacy_code"):
        return {"city_code": "990100G00101485903655D", "legacy_code": "YZ"}[name] if number == 0 else f"{name}-{number}"
    if name in ("doc_no", "authority_code", "case_id"):
        return f"{name}-{number}"
    if name in ("lon", "lat"):
        return rng.uniform(*{"lon": (122.5, 123.3), "lat": (34.2, 34.8)}[name])
    by_kind: dict[str, Any] = {
        "DATE": date(2026, 1, 1) + timedelta(days=number),
        "BOOLEAN": number % 2 == 0,
        "INTEGER": number,
        "BIGINT": number,
        "TIMESTAMP": date(2026, 1, 1),
        "DECIMAL(18,2)": number * 500,
    }
    return by_kind.get(kind, rng.choice(("某公司", "1", "2")))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, str]]:
    home = tmp_path_factory.mktemp("guide")
    entries, tables = [], {}
    for name in MODELS:
        meta, columns = model(name)
        key = tuple(meta["key"])
        entries.append(dataset_entry(name, columns, key, sharing=meta["sharing"], opening=meta["opening"]))
        rng = random.Random(name)
        tables[name] = [{c: value(rng, c, kind, n) for c, (kind, _) in columns.items()} for n in range(40)]
    said = CityFile.model_validate(YAML(typ="safe").load(DEMONSTRATION.read_text(encoding="utf-8")))
    publish_rows(home, 1, entries, {name: found[:30] for name, found in tables.items()}, said.open311, said.codes)
    publish_rows(home, 2, entries, tables, said.open311, said.codes)
    put_policy(home, policy_over(entries))
    key = issue_keys(home)["owner"]["X-API-Key"]
    with client_over(home) as client:
        yield client, key


@pytest.mark.parametrize("command", EXAMPLES)
def test_every_example_answers(served: tuple[httpx.Client, str], tmp_path: Path, command: str) -> None:
    client, key = served
    (tmp_path / ".curlrc").write_text("fail\nsilent\nshow-error\n", encoding="ascii")
    done = subprocess.run(
        ["bash", "-ec", command.replace(ADDRESS, str(client.base_url).rstrip("/"))],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "CURL_HOME": str(tmp_path), "KEY": key, "NO_PROXY": "*"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    written = [path for path in tmp_path.iterdir() if path.name != ".curlrc"]
    assert done.stdout or (written and written[0].stat().st_size > 50)


@pytest.mark.parametrize("guide", ["docs/api.md", "clients/python/README.md"])
def test_examples_in_python_run(
    served: tuple[httpx.Client, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guide: str
) -> None:
    monkeypatch.chdir(tmp_path)
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / guide).read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example.replace(ADDRESS, str(served[0].base_url)), guide, "exec"), names)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copies", "penalties.csv"]
    assert (tmp_path / "copies" / "penalties.parquet").is_file()


@pytest.mark.parametrize("query", ["", "?release=1"])
@pytest.mark.parametrize("holder", [False, True])
def test_every_dataset_tells_how_it_is_read(
    served: tuple[httpx.Client, str], tmp_path: Path, query: str, holder: bool
) -> None:
    """Its lines work for whom they were made: curl, Python and DuckDB are run, the addresses of the others asked."""
    client, key = served
    headers = {"X-API-Key": key} if holder else {}
    for entry in client.get(f"/v1/datasets{query}", headers=headers).json()["datasets"]:
        told = client.get(f"/v1/datasets/{entry['id']}{query}", headers=headers).json()
        lines = told["howto"]
        assert ("rows" in told["links"]) == bool(lines)
        environment = {"PATH": os.environ["PATH"], "KEY": key, "NO_PROXY": "*"}
        if lines:
            subprocess.run(
                ["bash", "-ec", f"{lines['curl']} -fsS"], cwd=tmp_path, env=environment, check=True, timeout=60
            )
            rows = (tmp_path / f"{entry['id']}.csv").read_text(encoding="utf-8").count("\n") - 1
            with ExitStack() as opened:
                kept = SimpleNamespace(Client=lambda *a, **b: opened.enter_context(civiclake_client.Client(*a, **b)))
                frame = eval(lines["python"].replace("…", key), {"civiclake_client": kept})
            with duckdb.connect() as con:
                con.execute(f"LOAD '{httpfs()}'")
                read = con.sql(lines["duckdb"].replace("…", key))
                assert len(frame) == rows == len(read) == told["row_count"]
        for line in lines.values():
            for address in re.findall(rf"{re.escape(str(client.base_url).rstrip('/'))}(/[^\"' ]*)", line):
                assert client.get(address, headers=headers).status_code == 200, address


def test_addresses_for_other_programs_answer(served: tuple[httpx.Client, str]) -> None:
    client, key = served
    told = "".join(re.findall(r"```(?:sql|r)\n(.*?)```", GUIDE, re.DOTALL)) + "".join(re.findall(r"Excel: .*", GUIDE))
    addresses = re.findall(rf"{ADDRESS}(/v1[^\"'`]*)", told)
    assert len(addresses) == 4
    for address in addresses:
        assert client.get(address, headers={"X-API-Key": key}).status_code == 200, address


def test_examples_of_rows_find_some(served: tuple[httpx.Client, str]) -> None:
    client, key = served
    for command in EXAMPLES:
        if "/rows?" in command and "-o " not in command and "Accept" not in command:
            address = re.search(rf'"{ADDRESS}([^"]*)"', command)
            assert address is not None
            assert client.get(address[1], headers={"X-API-Key": key}).json()["rows"], command


def test_the_guide_names_every_door_and_every_word() -> None:
    assert len(EXAMPLES) > 20
    for door in (rows, groups, facets, count, changes, files, verify):
        for route in door.router.routes:
            ending = getattr(route, "path", "").removeprefix("/v1/datasets/{dataset}").replace("{suffix}", "csv")
            assert ending.partition("{")[0] in GUIDE, ending
    words = (*OPERATORS, *MEASURES, *BUCKETS, *FORMS)
    assert [word for word in words if f"`{word}`" not in GUIDE and f"__{word}`" not in GUIDE] == []
    assert [word for word in WHERES if f"{word}=" not in GUIDE and f"`{word}`" not in GUIDE] == []
    assert [form.essence for form in FORMS.values() if form.essence not in GUIDE] == []
    assert any(getattr(route, "path", "") == "/v1/releases" for router in ROUTERS for route in router.routes)
