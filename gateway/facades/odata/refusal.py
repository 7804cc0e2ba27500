"""Refusals in the form of OData."""

from __future__ import annotations

from typing import Any

_KNOWN = ("status", "code", "detail", "parameter", "type", "title", "instance")


def refusal(document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and body for a problem document: what OData has no word for stands in `innererror`."""
    error: dict[str, Any] = {"code": document["code"], "message": document["detail"]}
    if "parameter" in document:
        error["target"] = document["parameter"]
    error["innererror"] = {name: value for name, value in document.items() if name not in _KNOWN}
    return document["status"], {"error": error}
