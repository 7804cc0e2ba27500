"""What naming, paying for and recording a request costs: pages with and without, as a ratio of one run.

`python -m benchmarks.audit --home DIR [--dataset ID] [--rounds N]`. Requests go straight to the application, without
sockets, so that the difference is not hidden behind them; processor time counts the writer of the log too.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request

from catalog.policy.model import TierLimits
from gateway.app import create_app
from gateway.audit.keys import SigningKey, load_or_make
from gateway.audit.middleware import AuditTrail
from gateway.audit.record import AccessRecord
from gateway.audit.store import AuditStore
from gateway.audit.verify import verify
from gateway.audit.writer import AuditLog
from gateway.policy.actor import PUBLIC, Actor
from gateway.quota.admission import Admission, record_of
from gateway.quota.meter import MemoryMeter, Meter, Price, Quota
from gateway.quota.sql_meter import SqliteMeter
from gateway.settings import GatewaySettings
from gateway.web.middleware import ReleaseLease

PER_ROUND = 40
LIMITS = TierLimits(requests_per_minute=10**9, cost_per_minute=10**9, concurrent_exports=8, page_rows=10_000)


class Nothing(Admission):
    """Admits everybody, counts nothing, records nothing."""

    async def admit(self, request: Request, actor: Actor, limits: TierLimits | None) -> None:
        """Only what the doors cannot do without."""
        record_of(request).actor, request.state.caller = actor, ""

    async def charge(self, request: Request, price: Price, limits: TierLimits | None) -> None:
        """Nothing is taken."""


class Unlimited(Admission):
    """Admits, counts and records with limits that nobody reaches."""

    async def admit(self, request: Request, actor: Actor, limits: TierLimits | None) -> None:
        """The same work with other numbers."""
        await super().admit(request, actor, LIMITS)

    async def charge(self, request: Request, price: Price, limits: TierLimits | None) -> None:
        """The same work with other numbers."""
        await super().charge(request, price, LIMITS)


class Discarding(AuditLog):
    """A log that throws every row away."""

    def put(self, row: Any, *, kept: bool) -> None:
        """Nothing is kept."""


async def ask(app: FastAPI, path: str) -> int:
    """One GET over ASGI; the bytes of its body."""
    sent, status = 0, 0
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path.partition("?")[0], "raw_path": path.partition("?")[0].encode(),
        "query_string": path.partition("?")[2].encode(), "root_path": "", "headers": [(b"host", b"x")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "app": app,
    }  # fmt: skip
    forever = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await forever.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal sent, status
        status = message.get("status", status)
        sent += len(message.get("body", b""))

    await app(scope, receive, send)
    if status != 200:
        raise RuntimeError(f"{path} answered {status}")
    return sent


async def timed(app: FastAPI, path: str) -> float:
    """Processor seconds of one request, over a round."""
    began = time.process_time()
    for _ in range(PER_ROUND):
        await ask(app, path)
    return (time.process_time() - began) / PER_ROUND


def variants(app: FastAPI, folder: Path) -> dict[str, Admission]:
    """The ways to admit that are compared."""
    mine: Admission = app.state.services.admission
    discarding = Discarding(mine.log.store, folder, capacity=1)
    file = SqliteMeter(folder / "quota.sqlite")
    return {
        "nothing": Nothing(discarding, MemoryMeter(), mine.exports, mine.receipt_key),
        "audit": Nothing(mine.log, MemoryMeter(), mine.exports, mine.receipt_key),
        "audit and quota (memory)": Unlimited(mine.log, MemoryMeter(), mine.exports, mine.receipt_key),
        "audit and quota (SQLite file)": Unlimited(mine.log, file, mine.exports, mine.receipt_key),
    }


async def compare(home: Path, dataset: str, rounds: int) -> None:
    """Print processor time per page and the throughput against the same page ungoverned."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        settings = GatewaySettings(home=home, audit_url=f"sqlite:///{folder}/audit.sqlite", seals_dir=folder)
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            known = {name: _with(app, settings, admission) for name, admission in variants(app, folder).items()}
            seconds: dict[str, list[float]] = {name: [] for name in known}
            path = f"/v1/datasets/{dataset}/rows?limit=100"
            for number in range(rounds + 1):
                for name, variant in known.items():
                    spent = await timed(variant, path)
                    if number:  # the first round warms up
                        seconds[name].append(spent)
            base = min(seconds["nothing"])  # the best round: what else the machine does only adds
            for name, found in seconds.items():
                best = min(found)
                each = f"{best * 1e3:6.3f} ms processor time"
                print(f"page of 100 rows, {name:32} {each}, throughput x {base / best:.3f}")
        await asyncio.to_thread(_verified, folder)
    await _pieces()


def _with(app: FastAPI, settings: GatewaySettings, admission: Admission) -> FastAPI:
    """The same application with another admission: its own middleware, everything else shared."""
    other = create_app(settings)
    other.state.services = replace(app.state.services, admission=admission)
    for entry in other.user_middleware:
        if entry.cls is AuditTrail:
            entry.kwargs["log"] = admission.log
        if entry.cls is ReleaseLease:
            entry.kwargs["shelf"] = app.state.services.shelf
    return other


def _verified(folder: Path) -> None:
    store = AuditStore(f"sqlite:///{folder}/audit.sqlite")
    key = load_or_make(folder / "audit.pem")
    began = time.process_time()
    report = verify(store, {key.id: key}, None)
    spent = time.process_time() - began
    store.close()
    wrong = [finding for finding in report.findings if finding.kind != "no anchor"]
    print(
        f"verified {report.rows} rows in {spent:.2f} s processor time ({report.rows / spent:,.0f} a second), {wrong=}"
    )


async def _pieces() -> None:
    """The parts by themselves, where a busy machine blurs the comparison above."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        meters: dict[str, Meter] = {"memory": MemoryMeter(), "SQLite file": SqliteMeter(folder / "q.sqlite")}
        for name, meter in meters.items():
            best = min([await _steps(meter) for _ in range(5)])
            print(f"a step of the meter ({name}): {best * 1e6:.1f} us; a page takes two")
            meter.close()
        store, key = AuditStore(f"sqlite:///{folder}/a.sqlite"), load_or_make(folder / "audit.pem")
        store.prepare()
        print(f"making a row and handing it over: {min(_made(500)[1] for _ in range(9)) * 1e6:.1f} us")
        for size in (1, 25, 500):
            best = min(_appended(store, key, size) for _ in range(9))
            print(f"writing a batch of {size} rows: {best * 1e6 / size:.0f} us a row, in the writer's thread")
        store.close()


async def _steps(meter: Meter, times: int = 4000) -> float:
    began = time.process_time()
    for number in range(times):
        await meter.take(f"caller {number % 50}", Price(1, 3), Quota.of(LIMITS), 1e9 + number)
    return (time.process_time() - began) / times


def _made(size: int) -> tuple[list[Any], float]:
    queue: SimpleQueue[Any] = SimpleQueue()
    at, began = datetime.now(UTC), time.process_time()
    for number in range(size):
        record = AccessRecord(f"{number:032x}", actor=PUBLIC, dataset="tickets", release=1, columns=("a", "b") * 6)
        record.handed(100)
        queue.put(record.row(at, "/v1/datasets/{dataset}/rows", 200, 14_000, complete=True))
    spent = (time.process_time() - began) / size
    return [queue.get() for _ in range(size)], spent


def _appended(store: AuditStore, key: SigningKey, size: int) -> float:
    rows, began = _made(size)[0], time.process_time()
    store.append(rows, key, datetime.now(UTC))
    return time.process_time() - began


def main() -> None:
    """Read the options and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="workspace with a release and a policy")
    parser.add_argument("--dataset", default="hotline_monthly")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    asyncio.run(compare(options.home, options.dataset, options.rounds))


if __name__ == "__main__":
    main()
