"""A small dataset of street lamps with places, times and gaps, and a server process over it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalog.contract.options import Level
from catalog.policy.model import ScopeColumns
from tests.gateway.conftest import ROOT, Server, wait_for
from tests.gateway.fake_policy import policy_over, put_policy
from tests.gateway.fake_release import dataset_entry, publish_rows

COUNT = 250
COLUMNS: dict[str, tuple[str, Level]] = {
    "lamp_no": ("VARCHAR", "L1"),
    "kind": ("VARCHAR", "L1"),
    "watts": ("INTEGER", "L1"),
    "price": ("DECIMAL(10,2)", "L1"),
    "lit": ("BOOLEAN", "L1"),
    "set_up_on": ("DATE", "L1"),
    "checked_at": ("TIMESTAMP", "L1"),
    "lon": ("DOUBLE", "L1"),
    "lat": ("DOUBLE", "L1"),
}
BEGIN = datetime(2026, 3, 1)


def rows() -> list[dict[str, Any]]:
    """The lamps; every tenth has no place, every seventh no kind, every fifth was never checked."""
    return [
        {
            "lamp_no": f"L{n:04d}",
            "kind": ("路灯", "Spot's", "50%")[n % 3] if n % 7 else None,
            "watts": n % 40,
            "price": Decimal(n) + Decimal("0.10"),
            "lit": n % 2 == 0,
            "set_up_on": date(2026, 1, 1) + timedelta(days=n % 90),
            "checked_at": BEGIN + timedelta(hours=n) if n % 5 else None,
            "lon": 120 + n / 1000 if n % 10 else None,
            "lat": 30 + n / 1000,
        }
        for n in range(COUNT)
    ]


def publish_lamps(home: Path, number: int = 1, count: int = COUNT) -> None:
    """A release of the first lamps, and of what no one may see."""
    lamps = dataset_entry("lamps", COLUMNS, ("lamp_no",), scope=ScopeColumns(time="checked_at"))
    sealed = dataset_entry("sealed", {"id": ("INTEGER", "L3")}, ("id",))
    publish_rows(home, number, [lamps, sealed], {"lamps": rows()[:count], "sealed": [{"id": 1}]})
    put_policy(home, policy_over([lamps, sealed]))


@contextmanager
def served(home: Path, log: Path) -> Iterator[str]:
    """The address of a server process, for clients that hold up this one while they wait."""
    command = [sys.executable, "-m", "gateway", "--home", str(home), "--port", "0"]
    with log.open("wb") as file:
        server = Server(subprocess.Popen(command, cwd=ROOT, stderr=file), log)
    try:
        wait_for(server.find_address)
        yield server.address
    finally:
        server.process.terminate()
        server.process.wait(timeout=20)
