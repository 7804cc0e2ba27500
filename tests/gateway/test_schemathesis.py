"""schemathesis asks every operation of the OpenAPI document, as three callers, and finds nothing wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalog.city_codes import CityCodes
from catalog.contract.options import Level
from catalog.service_requests import ServiceRequests
from tests.gateway.conftest import client_over
from tests.gateway.fake_policy import policy_over, put_policy
from tests.gateway.fake_release import dataset_entry, publish_rows
from tests.gateway.key_holders import issue_keys

COLUMNS: dict[str, tuple[str, Level]] = {
    "no": ("VARCHAR", "L1"), "kind": ("VARCHAR", "L1"), "state": ("VARCHAR", "L1"), "at": ("TIMESTAMP", "L1"),
    "on": ("DATE", "L1"), "total": ("DECIMAL(18,2)", "L1"), "urgent": ("BOOLEAN", "L1"), "tags": ("VARCHAR[]", "L1"),
    "lon": ("DOUBLE", "L1"), "lat": ("DOUBLE", "L1"), "rank": ("INTEGER", "L2"), "phone": ("VARCHAR", "L3"),
}  # fmt: skip
REQUESTS = ServiceRequests(
    dataset="calls", service_code="kind", service_name="kind", status="state", closed=("done",), requested="at",
    description="kind",
)  # fmt: skip
CODES = CityCodes.model_validate({"register": {"dataset": "calls", "code": "no", "own_code": "kind"}})
DOCUMENT = "/openapi.json"
GRAMMARS = "positive_data_acceptance"
"""The one check that is left out: a schema cannot say what a text in CQL2, SoQL, OData or a cursor may be, so such a
text is valid there, and refused by the door."""


def call(n: int) -> dict[str, Any]:
    return {
        "no": f"C{n:03d}", "kind": ("路灯", "road")[n % 2], "state": ("new", "done")[n % 2],
        "at": datetime(2026, 3, 1) + timedelta(hours=n), "on": date(2026, 3, 1), "total": Decimal(n) if n % 3 else None,
        "urgent": n % 2 == 0, "tags": ["a"], "lon": 120.0 if n % 5 else None, "lat": 30.0, "rank": n, "phone": "1",
    }  # fmt: skip


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[tuple[httpx.Client, dict[str, dict[str, str]]]]:
    """A server with two releases, and the headers of its callers by name."""
    entry = dataset_entry("calls", COLUMNS, ("no",))
    for number, count in ((1, 40), (2, 50)):
        publish_rows(tmp_path, number, [entry], {"calls": [call(n) for n in range(count)]}, REQUESTS, CODES)
    put_policy(tmp_path, policy_over([entry]))
    callers = {"public": {}, **issue_keys(tmp_path)}
    with client_over(tmp_path) as client:
        yield client, callers


def ask(client: httpx.Client, header: dict[str, str], folder: Path, *options: str) -> None:
    """Run the tool over the caller's own document; it must have asked every operation of it, but for that document."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", str(client.base_url.join(DOCUMENT)), "--seed", "4",
        "--no-color", "--warnings", "off", "--generation-database", "none", "--request-timeout", "120",
        "--exclude-checks", GRAMMARS, *options,
        *(f"--header={name}:{value}" for name, value in header.items()),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    document = client.get(DOCUMENT, headers=header).json()
    operations = sum(len(item.keys() - {"parameters"}) for path, item in document["paths"].items() if path != DOCUMENT)
    assert re.findall(r"Tested: (\d+)", done.stdout) == [str(operations)]


@pytest.mark.slow(20)
@pytest.mark.parametrize("caller", ["public", "owner", "steward"])
def test_no_request_made_from_the_document_fails(
    asked: tuple[httpx.Client, dict[str, dict[str, str]]], tmp_path: Path, caller: str
) -> None:
    client, callers = asked
    ask(client, callers[caller], tmp_path, "--phases", "examples,fuzzing", "--max-examples", "2")


@pytest.mark.nightly
@pytest.mark.parametrize("caller", ["public", "developer", "owner", "steward"])
def test_none_of_many_requests_fails(
    asked: tuple[httpx.Client, dict[str, dict[str, str]]], tmp_path: Path, caller: str
) -> None:
    """All phases of the tool: examples, the edges of every parameter, random ones, and ways through the doors."""
    client, callers = asked
    ask(client, callers[caller], tmp_path, "--max-examples", "30")
