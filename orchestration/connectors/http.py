"""HTTP connector: cursor pages of a JSON interface, each page landed byte for byte with its cursor."""

from __future__ import annotations

import time
from typing import Any

import httpx
import orjson

from catalog.contract.model import Table
from catalog.contract.options import HttpSource, HttpTransport
from catalog.guarded_http import GuardedTransport
from catalog.retry_after import retry_after
from orchestration.connectors.base import PullTask
from orchestration.connectors.errors import SourceError
from orchestration.connectors.guard import Guard
from orchestration.connectors.patience import ThrottledError, TransientError, patiently
from orchestration.landing.records import StreamPoint
from orchestration.landing.store import ObjectTooLargeError, StoredObject

REQUEST_SECONDS = 30.0
MAX_REDIRECTS = 3
MAX_PAGES = 99_999  # the width of a page's number
THROTTLED, TRANSIENT = {429}, {408, 425, 500, 502, 503, 504}
DEFAULT_PAUSE_SECONDS = 5.0
MISSING = object()


class _CursorRefusedError(SourceError):
    """The source no longer knows a cursor."""


def pull_http(task: PullTask, transport: HttpTransport) -> None:
    """Land every page of every table for the task's day; continues after the last recorded page."""
    base = httpx.URL(task.setting(transport.base_url, "transport.base_url"))
    if base.scheme not in ("http", "https") or not base.host:
        raise task.error("transport.base_url", "not an http or https address", "Give one such as https://host/api")
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "CivicLake"}
    if transport.token is not None:
        headers["Authorization"] = f"Bearer {task.setting(transport.token, 'transport.token')}"
    guard = Guard(
        base.host, allow_private=transport.allow_private, contract=task.contract_file, key="transport.base_url"
    )
    with httpx.Client(transport=GuardedTransport(guard.addresses), headers=headers, trust_env=False) as client:
        reader = _PageReader(task, client, base, 1 / transport.requests_per_second)
        for table in task.contract.tables:
            for variant, entry in enumerate(table.options.variants):
                if isinstance(entry.source, HttpSource):  # the first is the living one, others read older objects
                    reader.land_table(table, variant, entry.source)
                    break


class _PageReader:
    """Walks the pages of one pull over one client, at most one request per `interval` seconds."""

    def __init__(self, task: PullTask, client: httpx.Client, base: httpx.URL, interval: float) -> None:
        self._task = task
        self._client = client
        self._base = base
        self._interval = interval
        self._not_before = 0.0

    def land_table(self, table: Table, variant: int, source: HttpSource) -> None:
        """Land the pages of one table that are not recorded yet."""
        task = self._task
        point = task.ledger.stream(task.pull, table.name)
        if point.contract_version not in (None, task.contract.version):
            task.ledger.forget_stream(task.pull, table.name)  # those pages answered another request
            point = StreamPoint()
        resumed = point.pages > 0
        while not point.finished:
            try:
                point = self._land_page(table, variant, source, point)
            except _CursorRefusedError:
                if not resumed:
                    raise
                task.ledger.forget_stream(task.pull, table.name)  # the cursor died with the earlier run
                point = StreamPoint()
            resumed = False

    def _land_page(self, table: Table, variant: int, source: HttpSource, point: StreamPoint) -> StreamPoint:
        task, number = self._task, point.pages + 1
        if number > MAX_PAGES:
            raise self._error(table, f"more than {MAX_PAGES:,} pages", "Raise page_size")
        url = self._url(source, point.cursor)
        stored, document = patiently(task, lambda: self._fetch(url, table, point.cursor), key=_key(table))
        after = self._next_cursor(table, source, document)
        if after is not None and after == point.cursor:
            raise self._error(table, "the cursor does not advance", "Correct next_cursor, or ask the department")
        name = f"{table.name}/{task.business_date:%Y%m%d}/page-{number:05d}.json"
        uri = str(url.copy_with(userinfo=b""))
        receipt = task.receipt(
            table, stored, name, uri, variant=variant, cursor_before=point.cursor, cursor_after=after
        )
        following = StreamPoint(number, after, finished=after is None, contract_version=task.contract.version)
        task.ledger.record_page(task.pull, receipt, following)
        task.landed(receipt)
        return following

    def _url(self, source: HttpSource, cursor: str | None) -> httpx.URL:
        since, before = self._task.window()
        parameters = {
            source.since_param: since.isoformat(),
            source.before_param: before.isoformat(),
            source.page_size_param: str(source.page_size),
        }
        if cursor is not None:
            parameters[source.cursor_param] = cursor
        path = f"{self._base.path.rstrip('/')}/{source.path.lstrip('/')}"
        return self._base.copy_with(path=path, query=None, fragment=None).copy_merge_params(parameters)

    def _fetch(self, url: httpx.URL, table: Table, cursor: str | None) -> tuple[StoredObject, Any]:
        """One page: stored bytes and parsed document. TransientError when it is worth another try."""
        pause = self._not_before - time.monotonic()
        if pause > 0:
            time.sleep(min(pause, self._task.remaining()))
        self._not_before = time.monotonic() + self._interval
        try:
            return self._receive(url, table, cursor)
        except httpx.TimeoutException as error:
            raise TransientError(f"no answer in time ({type(error).__name__})") from None
        except httpx.TransportError as error:
            raise TransientError(f"connection failed: {error}") from None

    def _receive(self, url: httpx.URL, table: Table, cursor: str | None) -> tuple[StoredObject, Any]:
        task = self._task
        for _ in range(MAX_REDIRECTS + 1):
            patience = httpx.Timeout(min(REQUEST_SECONDS, task.remaining()))
            with self._client.stream("GET", url, timeout=patience) as response:
                if response.has_redirect_location:
                    url = self._redirected(table, url, response)
                    continue
                self._check_status(response, table, cursor)
                return self._keep(response, table)
        raise self._error(table, f"more than {MAX_REDIRECTS} redirects", "Configure the final address")

    def _redirected(self, table: Table, url: httpx.URL, response: httpx.Response) -> httpx.URL:
        target = url.join(response.headers["Location"])
        same_server = (target.host, target.port) == (url.host, url.port) and target.scheme == url.scheme
        upgraded = target.host == url.host and (url.scheme, target.scheme) == ("http", "https")
        if not (same_server or upgraded):
            text = f"the source redirects to another server, {target.scheme}://{target.host}"
            raise self._error(table, text, "If that is right, configure it as base_url")
        return target

    def _check_status(self, response: httpx.Response, table: Table, cursor: str | None) -> None:
        status = response.status_code
        if status in THROTTLED | TRANSIENT:
            asked = retry_after(response.headers.get("Retry-After"), -1.0)
            if status in THROTTLED or asked >= 0:
                raise ThrottledError(f"HTTP {status}", asked if asked >= 0 else DEFAULT_PAUSE_SECONDS)
            raise TransientError(f"HTTP {status}")
        if status in (401, 403):
            text = f"HTTP {status}: the source does not accept this token"
            raise self._task.error("transport.token", text, "Renew the token in the environment")
        if status != 200:
            kind = _CursorRefusedError if cursor is not None and status in (400, 404, 410, 422) else SourceError
            mend = "Compare path and parameters with the department's interface"
            raise kind(self._task.contract_file, _key(table), f"HTTP {status}", mend)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise self._error(table, "the source compresses although asked not to", "Ask for plain answers")

    def _keep(self, response: httpx.Response, table: Table) -> tuple[StoredObject, Any]:
        limit = self._task.limits.max_object_bytes
        try:
            with self._task.ledger.store.writer(limit) as writer:
                for chunk in response.iter_raw():
                    writer.write(chunk)
                    self._task.remaining()
                try:
                    document = orjson.loads(writer.content())
                except orjson.JSONDecodeError:
                    raise TransientError("HTTP 200, but the page is not JSON") from None
                return writer.store(), document
        except ObjectTooLargeError as error:
            mend = "Lower page_size, or raise limits.max_object_bytes"
            raise self._error(table, f"a page has {error}", mend) from None

    def _next_cursor(self, table: Table, source: HttpSource, document: Any) -> str | None:
        """Count a page's records; the cursor of the following page, None after the last.

        SourceError if this is no page as declared.
        """
        items = _dotted(document, source.items) if source.items else document
        if not isinstance(items, list):
            raise self._error(table, f"a page has no array `{source.items}`", "Correct `items` of the source")
        self._task.records += len(items)
        cursor = _dotted(document, source.next_cursor)
        if cursor in (MISSING, None, "", False):
            return None
        if not isinstance(cursor, str | int):
            text = f"`{source.next_cursor}` is neither text nor a number"
            raise self._error(table, text, "Correct `next_cursor` of the source")
        return str(cursor)

    def _error(self, table: Table, text: str, mend: str) -> SourceError:
        return self._task.error(_key(table), text, mend)


def _key(table: Table) -> str:
    return f"schema[{table.name}].variants.source"


def _dotted(document: Any, path: str) -> Any:
    """The value at a dotted path, MISSING where it leads nowhere."""
    for step in path.split("."):
        if not isinstance(document, dict) or step not in document:
            return MISSING
        document = document[step]
    return document
