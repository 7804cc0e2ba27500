"""CKAN's envelope around every answer, and its kinds of errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

API_VERSION = "3"
HELP = "/api/3/action/help_show?name="
_AUTHORIZATION = "Authorization Error"
_KINDS = {
    HTTPStatus.BAD_REQUEST: (HTTPStatus.CONFLICT, "Validation Error"),
    HTTPStatus.NOT_ACCEPTABLE: (HTTPStatus.CONFLICT, "Validation Error"),
    HTTPStatus.CONFLICT: (HTTPStatus.CONFLICT, "Validation Error"),
    HTTPStatus.UNAUTHORIZED: (HTTPStatus.UNAUTHORIZED, _AUTHORIZATION),
    HTTPStatus.FORBIDDEN: (HTTPStatus.FORBIDDEN, _AUTHORIZATION),
    HTTPStatus.NOT_FOUND: (HTTPStatus.NOT_FOUND, "Not Found Error"),
}
_LEADS = {_AUTHORIZATION: "Access denied: ", "Not Found Error": "Not found: "}
_BARE = frozenset({"type", "title", "status", "detail", "instance", "parameter"})


def result(action: str, found: Any) -> dict[str, Any]:
    """An answer that went well."""
    return {"help": HELP + action, "success": True, "result": found}


def refusal(document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and document of a refusal, from a problem document. What was sent wrong is named as CKAN does, by its
    field; what follows the lead of a message is what clients show."""
    status, kind = _KINDS.get(HTTPStatus(document["status"]), (document["status"], document["title"]))
    detail = document["detail"]
    error: dict[str, Any] = {"__type": kind, "message": _LEADS.get(kind, "") + detail}
    if kind == "Validation Error":
        error[document.get("parameter") or "detail"] = [detail]
    error |= {name: value for name, value in document.items() if name not in _BARE}
    return int(status), {"help": HELP, "success": False, "error": error}
