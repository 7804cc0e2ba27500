"""Refusals as Socrata tells them."""

from __future__ import annotations

from typing import Any

_CODES = {
    "not-found": "dataset.missing",
    "not-permitted": "permission_denied",
    "unauthenticated": "authentication_required",
    "unknown-column": "query.soql.no-such-column",
    "unknown-output": "query.soql.no-such-column",
    "unknown-operator": "query.soql.no-such-function",
    "bad-value": "query.soql.type-mismatch",
    "query-timeout": "query.execution.queryTimeout",
}
_BARE = frozenset({"type", "title", "status", "detail", "instance", "code"})


def refusal(document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and document of a refusal, from a problem document; codes that Socrata has no word for are ours."""
    data = {name: value for name, value in document.items() if name not in _BARE}
    code = _CODES.get(document["code"], document["code"])
    return document["status"], {"error": True, "code": code, "message": document["detail"], "data": data}
