"""Plain requests: reads of rows and groups by anybody, of which everything that matters is told by a few headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Scope

from gateway.web.middleware import request_id_of

DATASETS = "/v1/datasets/"
_READ = frozenset({b"accept", b"accept-encoding", b"if-none-match", b"x-request-id"})
_PASSED_BY = frozenset(
    {
        b"accept-language",
        b"cache-control",
        b"connection",
        b"dnt",
        b"forwarded",
        b"host",
        b"pragma",
        b"priority",
        b"referer",
        b"sec-ch-ua",
        b"sec-ch-ua-mobile",
        b"sec-ch-ua-platform",
        b"sec-fetch-dest",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"sec-fetch-user",
        b"te",
        b"traceparent",
        b"tracestate",
        b"upgrade-insecure-requests",
        b"user-agent",
        b"via",
        b"x-forwarded-host",
        b"x-forwarded-proto",
        b"x-real-ip",
    }
)
"""Headers that change nothing here. With any other one a request is for the application, which knows them all."""


@dataclass(frozen=True, slots=True)
class Plain:
    """One plain request: its id, path, text of the query, the headers that are read, who the server says it comes
    from."""

    id: str
    path: str
    query: str
    headers: Mapping[bytes, str]
    peer: str | None
    forwarded: tuple[str, ...]

    @property
    def accept(self) -> str | None:
        """Which formats are liked."""
        return self.headers.get(b"accept")

    @property
    def codings(self) -> str | None:
        """Which content codings are liked."""
        return self.headers.get(b"accept-encoding")

    @property
    def same(self) -> str | None:
        """Tags of what the caller holds already."""
        return self.headers.get(b"if-none-match")

    @property
    def address(self) -> tuple[str, str, str | None, str | None]:
        """What of the request the bytes of its answer depend on."""
        return self.path, self.query, self.accept, self.codings


def plain_of(scope: Scope) -> Plain | None:
    """The request, if it is a plain one; None where the application is to look at it."""
    path: str = scope["path"]
    if scope["method"] != "GET" or not path.startswith(DATASETS) or not path.isascii() or "%" in path:
        return None
    headers: dict[bytes, str] = {}
    forwarded: list[str] = []
    for name, value in scope["headers"]:
        if name in _READ and name not in headers:
            headers[name] = value.decode("latin-1")
        elif name == b"x-forwarded-for":
            forwarded.append(value.decode("latin-1"))
        elif name not in _PASSED_BY:
            return None
    query = scope.get("query_string", b"").decode("latin-1")
    if not query.isascii() or not query.isprintable() or "#" in query:
        return None
    client = scope.get("client")
    request_id = request_id_of(headers.get(b"x-request-id"))
    return Plain(request_id, path, query, headers, client[0] if client else None, tuple(forwarded))
