"""What can go wrong: one exception for each family of refusals, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

_STANDARD = ("type", "title", "status", "detail", "instance", "code", "hint", "request_id")


class CivicLakeError(Exception):
    """Everything this client raises by itself."""


class UnreachableError(CivicLakeError):
    """The gateway did not answer, or broke off."""


class DamagedFileError(CivicLakeError):
    """The bytes that came are not those that the catalogue tells of."""


class MissingFileError(CivicLakeError):
    """The dataset has no file of that name, or it is being written anew."""


class IncompleteError(CivicLakeError):
    """The answer was cut off by a limit."""


class ProblemError(CivicLakeError):
    """A refusal of the gateway, with the members of its problem document (RFC 9457).

    `code` is stable, `hint` says what to do, `retry_after` are seconds or None, `members` holds what this kind of
    problem tells besides, such as `parameter` or `columns`.
    """

    def __init__(self, document: Mapping[str, Any], status: int, retry_after: float | None = None) -> None:
        self.type: str = document.get("type", "about:blank")
        self.title: str = document.get("title", f"The server answered {status}")
        self.status = status
        self.detail: str = document.get("detail", "")
        self.instance: str = document.get("instance", "")
        self.code: str = document.get("code", "")
        self.hint: str = document.get("hint", "")
        self.request_id: str = document.get("request_id", "")
        self.retry_after = retry_after
        self.members = {name: value for name, value in document.items() if name not in _STANDARD}
        super().__init__(" ".join(part for part in (f"{self.title}:", self.detail, self.hint) if part))


class BadRequestError(ProblemError):
    """The question cannot be answered as it was asked: a name, an operator, a value, a format."""


class UnauthenticatedError(ProblemError):
    """The key is wrong, expired or revoked."""


class NotPermittedError(ProblemError):
    """You may not do this; `Dataset.access()` tells what you may."""


class NotFoundError(ProblemError):
    """There is no such thing, or not for you."""


class ReleaseMovedError(ProblemError):
    """The release that a walk began on is not held any more: begin again."""


class QuotaExceededError(ProblemError):
    """The quota is used up, and waiting for more would take longer than the client's patience."""


class UnavailableError(ProblemError):
    """The gateway cannot answer now."""


class ServerFaultError(ProblemError):
    """A fault on the other side; tell the publisher the `request_id`."""


_FAMILIES: dict[int, type[ProblemError]] = {
    400: BadRequestError,
    401: UnauthenticatedError,
    403: NotPermittedError,
    404: NotFoundError,
    406: BadRequestError,
    410: ReleaseMovedError,
    413: BadRequestError,
    416: BadRequestError,
    429: QuotaExceededError,
    500: ServerFaultError,
    503: UnavailableError,
}


def problem_of(response: httpx.Response) -> ProblemError:
    """The exception for an answer that was read and is no success."""
    try:
        document = response.json()
    except ValueError:
        document = {}
    told = response.headers.get("Retry-After", "")
    seconds = float(told) if told.isascii() and told.isdecimal() else None
    family = _FAMILIES.get(response.status_code, ProblemError)
    return family(document if isinstance(document, dict) else {}, response.status_code, seconds)
