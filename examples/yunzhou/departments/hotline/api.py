"""The hotline's HTTP interface: token, change windows, cursor pages, and the moods of a real server.

`GET /v1/tickets` and `/v1/visits` with `updated_since` and `updated_before` (ISO times, city time unless an offset is
given), `page_size` and `cursor`. A window holds every change in it, in order, each as the record then stood; changes
after the systems' clock are not there yet. By the count of requests, some are answered 429 or 503.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import OrderedDict
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import duckdb

from departments.home import Home

CITY_ZONE = timezone(timedelta(hours=8))
TABLES = {"/v1/tickets": "tickets", "/v1/visits": "visits"}
MAX_PAGE, MAX_WINDOW, KEPT_WINDOWS = 1000, timedelta(days=31), 4


class Moods(NamedTuple):
    """Every `throttle_every`-th request is answered 429, every `fail_every`-th 503; 0 is never."""

    throttle_every: int = 97
    fail_every: int = 131
    retry_after: int = 1


class RefusedError(Exception):
    """A request that is answered with an error status."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.headers = status, headers or {}


class ChangeLog:
    """Windows of the change log, the last few kept in memory as rendered records."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._con = duckdb.connect()
        self._con.execute("set threads = 1")
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, datetime, datetime], list[str]] = OrderedDict()

    def window(self, table: str, since: datetime, before: datetime) -> list[str]:
        """JSON texts of the changes in [since, before) that have happened by the systems' clock."""
        today = self._home.today()
        if today is None:
            return []
        before = min(before, datetime.combine(today, datetime.min.time()) + timedelta(days=1))
        with self._lock:
            key = (table, since, before)
            if key not in self._kept:
                self._kept[key] = self._read(table, since, before)
                while len(self._kept) > KEPT_WINDOWS:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def _read(self, table: str, since: datetime, before: datetime) -> list[str]:
        files = f"{self._home.hotline}/{table}-*.parquet"
        query = f"""select body from read_parquet('{files}')
            where business_date >= cast(? as date) and business_date <= cast(? as date)
              and updated_at >= ? and updated_at < ? order by business_date, seq"""
        rows = self._con.execute(query, [since, before, since, before]).fetchall()
        return [row[0] for row in rows]


def make_server(home: Home, token: str, moods: Moods, port: int = 0) -> ThreadingHTTPServer:
    """A server on a loopback port (0: any free one); start it with `serve_forever`."""
    log, lock, asked = ChangeLog(home), threading.Lock(), [0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "Hotline12345"

        def do_GET(self) -> None:
            try:
                with lock:
                    asked[0] += 1
                    number = asked[0]
                if self.headers.get("Authorization") != f"Bearer {token}":
                    raise RefusedError(401, "a valid token is needed")
                self._answer(200, _page(log, self.path, number, moods), {})
            except RefusedError as refusal:
                self._answer(refusal.status, json.dumps({"error": str(refusal)}), refusal.headers)

        def _answer(self, status: int, body: str, headers: dict[str, str]) -> None:
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Says nothing: the demonstration's terminal belongs to the platform."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def _page(log: ChangeLog, path: str, number: int, moods: Moods) -> str:
    """Body of one page, for the `number`-th request; RefusedError when there is none to give."""
    parts = urlsplit(path)
    table = TABLES.get(parts.path)
    if table is None:
        raise RefusedError(404, f"no such path; there are {', '.join(TABLES)}")
    if moods.throttle_every and number % moods.throttle_every == 0:
        raise RefusedError(429, "too many requests", {"Retry-After": str(moods.retry_after)})
    if moods.fail_every and number % moods.fail_every == 0:
        raise RefusedError(503, "the service is restarting")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    since, before = _moment(query, "updated_since"), _moment(query, "updated_before")
    if before - since > MAX_WINDOW:
        raise RefusedError(422, "a window spans 31 days at most")
    size, start = _number(query, "page_size", 500), _start(query.get("cursor"), query)
    records = log.window(table, since, before)
    end = min(start + min(max(size, 1), MAX_PAGE), len(records))
    following = "null" if end >= len(records) else json.dumps(_cursor(end, query))
    return f'{{"items":[{",".join(records[start:end])}],"next_cursor":{following}}}'


def _moment(query: dict[str, str], name: str) -> datetime:
    """The city-time moment of a parameter; a `+` that arrived as a blank is one."""
    try:
        moment = datetime.fromisoformat(query[name].replace(" ", "+") if "T" in query[name] else query[name])
    except (KeyError, ValueError):
        raise RefusedError(422, f"{name} must be an ISO time") from None
    return moment.astimezone(CITY_ZONE).replace(tzinfo=None) if moment.tzinfo else moment


def _number(query: dict[str, str], name: str, default: int) -> int:
    try:
        return int(query.get(name, default))
    except ValueError:
        raise RefusedError(422, f"{name} must be a number") from None


def _cursor(position: int, query: dict[str, str]) -> str:
    text = f"{position}|{query['updated_since']}|{query['updated_before']}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _start(cursor: str | None, query: dict[str, str]) -> int:
    """Position a cursor stands for; a cursor is good for its own window only."""
    if cursor is None:
        return 0
    try:
        position, window = base64.urlsafe_b64decode(cursor).decode().split("|", 1)
        start = int(position)
    except ValueError:
        raise RefusedError(422, "this is no cursor") from None
    if window != f"{query['updated_since']}|{query['updated_before']}":
        raise RefusedError(422, "this cursor belongs to another request")
    return start


def token_of(home: Home) -> str:
    """The token of the demonstration's hotline; it protects synthetic data on loopback only."""
    return f"yunzhou-{home.setup().seed:08d}"


def write_endpoints(home: Home, environment: dict[str, str]) -> Path:
    """Stores how the running systems are reached."""
    home.endpoints.write_text(json.dumps(environment, indent=1, sort_keys=True), encoding="utf-8")
    return home.endpoints
