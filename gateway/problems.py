"""Everything that can go wrong for a caller: one class per problem, one table from class to status, code and words.

Details are written by the code that raises, from what the caller sent and may see; never from an exception text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class Problem(Exception):  # noqa: N818  -- RFC 9457 calls it so; `NotFound` and the others are its kinds
    """A refusal with words for the caller; `members` become extension members of the problem document.

    `credential` is the public id of one that was proven and refused all the same; it is for the log alone.
    """

    credential: str | None = None

    def __init__(self, detail: str = "", *, headers: dict[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}
        self.members = members


class NotFound(Problem):
    """Nothing here, or nothing for this caller: the two are told apart by nobody."""


class NotPermitted(Problem):
    """The caller may know of this, but not do what it asks with it."""


class MethodNotAllowed(Problem):
    """The address exists, the method does not."""


class NotAcceptable(Problem):
    """No format of this address is among those the caller accepts."""


class UnknownParameter(Problem):
    """A query parameter that this address does not have."""


class RepeatedParameter(Problem):
    """A parameter that may be given once came twice."""


class UnknownColumn(Problem):
    """A column that the dataset, as this caller sees it, does not have."""


class BadSql(Problem):
    """A question in SQL that cannot be read, or does not fit the columns and types it speaks of."""


class SqlNotOffered(Problem):
    """A question in SQL that uses something which is not offered, whether or not it would do harm."""


class UnknownTable(Problem):
    """A table that the caller does not have: there is no such dataset, or it is hidden."""


class SandboxLost(Problem):
    """The process that worked on a question ended before the answer did."""


class UnknownOutput(Problem):
    """A name by which the groups of an answer cannot be ordered or filtered: it is none of their outputs."""


class UnknownOperator(Problem):
    """An operator, measure or time bucket that does not exist or does not fit the column's type."""


class BadValue(Problem):
    """A value that cannot be read as its type, or is out of range."""


class NotAggregable(Problem):
    """A question about columns seen in large enough groups only, which would tell of single rows."""


class NumberTooLarge(Problem):
    """A figure of the answer has more digits than any number may have."""


class TooManyRows(Problem):
    """More rows than the asked format can hold: nothing is cut."""


class TooManyConditions(Problem):
    """More conditions or values than one request may carry."""


class BadCursor(Problem):
    """A cursor that this server did not give for this query."""


class ReleaseMoved(Problem):
    """The walk belongs to a release that is no longer the current one."""


class RangeNotSatisfiable(Problem):
    """No byte of the file lies in the asked ranges."""


class FileBeingMade(Problem):
    """The file is written anew because rows of it were withdrawn; the old one is not sent any more."""


class NoRelease(Problem):
    """Nothing has been published yet."""


class QuotaExceeded(Problem):
    """The caller has used up what its tier may use in a minute, or holds all its places for streamed answers."""


class AuditUnavailable(Problem):
    """The audit log takes no rows: nothing that must be accounted for is served."""


class Busy(Problem):
    """All places for statements or exports are taken."""


class QueryTimeout(Problem):
    """The statement ran longer than the server allows."""


class QueryTooLarge(Problem):
    """The statement needs more memory than the server gives to one."""


class Unauthenticated(Problem):
    """A credential that is wrong, expired or revoked, or none where one is needed."""


class CredentialInAddress(Problem):
    """A key or token in the query string, where logs and histories would keep it."""


class AccountNotInForce(Problem):
    """The credential is right, its holder may not call now."""


class CrossSite(Problem):
    """A change asked for by another site's page in the name of a signed-in person."""


class LoginRefused(Problem):
    """A login that did not end well, or no login is set up."""


class Conflict(Problem):
    """What the request would make is there already, or its state does not allow it."""


class BodyTooLarge(Problem):
    """More bytes than any request here needs."""


class ControlUnavailable(Problem):
    """The store that knows who may call does not answer."""


class InternalError(Problem):
    """A fault of ours; the log knows it by the request id."""


@dataclass(frozen=True)
class ProblemType:
    """The fixed part of a problem: HTTP status, stable code, title and what the caller can do."""

    status: int
    code: str
    title: str
    hint: str


CATALOGUE: dict[type[Problem], ProblemType] = {
    NotFound: ProblemType(
        404, "not-found", "There is nothing at this address", "GET /v1/datasets lists what can be read."
    ),
    NotPermitted: ProblemType(
        403,
        "not-permitted",
        "You may not do this",
        "GET /v1/datasets/{id}/access tells what you may see, and how to get more.",
    ),
    MethodNotAllowed: ProblemType(
        405, "method-not-allowed", "This address does not take that method", "Use GET or HEAD; data is read only here."
    ),
    NotAcceptable: ProblemType(
        406,
        "not-acceptable",
        "No offered format is acceptable",
        "The detail names what is offered; the parameter `format` asks for one by name.",
    ),
    UnknownParameter: ProblemType(
        400, "unknown-parameter", "The request has an unknown parameter", "See /openapi.json for this address."
    ),
    RepeatedParameter: ProblemType(
        400, "repeated-parameter", "A parameter was given more than once", "Give it once; lists are comma separated."
    ),
    UnknownColumn: ProblemType(
        400, "unknown-column", "The dataset has no such column", "The member `columns` lists the columns there are."
    ),
    BadSql: ProblemType(
        400,
        "bad-sql",
        "The SQL cannot be read",
        "The member `position` tells where; docs/api.md says which SQL is offered, GET /v1/datasets/{id} each type.",
    ),
    SqlNotOffered: ProblemType(
        400,
        "sql-not-offered",
        "The SQL uses something that is not offered",
        "One SELECT over datasets by their ids; docs/api.md lists the functions and what else may be used.",
    ),
    UnknownTable: ProblemType(
        400, "unknown-table", "There is no such table", "Tables are datasets by their id; GET /v1/datasets lists them."
    ),
    SandboxLost: ProblemType(
        503,
        "sandbox-lost",
        "The work on the question broke off",
        "It may have needed too much memory: ask for less, or try again.",
    ),
    UnknownOutput: ProblemType(
        400, "unknown-output", "The answer has no such figure", "The member `outputs` lists what it has."
    ),
    UnknownOperator: ProblemType(
        400, "unknown-operator", "The column has no such operator", "The member `operators` lists those it has."
    ),
    BadValue: ProblemType(
        400,
        "bad-value",
        "A value cannot be read",
        "Correct the value; /openapi.json describes each body, GET /v1/datasets/{id} each column's type.",
    ),
    NotAggregable: ProblemType(
        403,
        "not-aggregable",
        "You may see this in large enough groups only",
        "GET /v1/datasets/{id}/access tells which columns you see in aggregates only; docs/api.md what may be asked.",
    ),
    NumberTooLarge: ProblemType(
        400, "number-too-large", "A figure has too many digits", "Narrow the filter, or take another measure."
    ),
    TooManyRows: ProblemType(
        400, "too-many-rows", "The format cannot hold so many rows", "Narrow the filter, or ask for CSV or Parquet."
    ),
    TooManyConditions: ProblemType(
        400, "too-many-conditions", "The request carries too many conditions", "Split it, or download the whole file."
    ),
    BadCursor: ProblemType(
        400, "bad-cursor", "The cursor is not valid for this query", "Follow the next link unchanged, or start again."
    ),
    ReleaseMoved: ProblemType(
        410,
        "release-moved",
        "A new release has replaced the one this walk began on",
        "Start the walk again without cursor, or download the whole file.",
    ),
    RangeNotSatisfiable: ProblemType(
        416, "range-not-satisfiable", "The file has no such bytes", "Content-Range tells how long the file is."
    ),
    FileBeingMade: ProblemType(
        503,
        "file-being-made",
        "The file is being written anew",
        "Rows of it were withdrawn. Try again after the time in Retry-After.",
    ),
    NoRelease: ProblemType(
        503, "no-release", "No release has been published yet", "Publish one with `civiclake run`, then ask again."
    ),
    QuotaExceeded: ProblemType(
        429,
        "quota-exceeded",
        "The quota is used up",
        "Try again after the time in Retry-After; the field RateLimit tells what is left.",
    ),
    AuditUnavailable: ProblemType(
        503, "audit-unavailable", "The access cannot be recorded", "Try again after the time in Retry-After."
    ),
    Busy: ProblemType(503, "busy", "The server is busy", "Try again after the time in Retry-After."),
    QueryTimeout: ProblemType(
        503, "query-timeout", "The query took too long", "Narrow the filter, order by the key, or download the file."
    ),
    QueryTooLarge: ProblemType(
        400, "query-too-large", "The query needs too much memory", "Narrow the filter, or download the whole file."
    ),
    Unauthenticated: ProblemType(
        401,
        "unauthenticated",
        "The credential is not valid here",
        "Send a key or an access token in force; without any the public's data is answered.",
    ),
    CredentialInAddress: ProblemType(
        400, "credential-in-address", "A credential stands in the address", "Send it in a header, and rotate it."
    ),
    AccountNotInForce: ProblemType(
        403, "account-not-in-force", "The account may not be used now", "Ask the city's data steward."
    ),
    CrossSite: ProblemType(
        403, "cross-site", "Another site's page asked for this", "Use this site's own pages, or an API key."
    ),
    LoginRefused: ProblemType(
        403, "login-refused", "The login did not succeed", "Start again at /login; if it stays, ask the data steward."
    ),
    Conflict: ProblemType(
        409, "conflict", "The state of things does not allow this", "Read the present state, then decide."
    ),
    BodyTooLarge: ProblemType(413, "body-too-large", "The request body is too large", "Send less at a time."),
    ControlUnavailable: ProblemType(
        503,
        "control-unavailable",
        "Credentials cannot be checked just now",
        "Try again after the time in Retry-After; the public's data is answered without credential.",
    ),
    InternalError: ProblemType(
        500, "internal-error", "Something failed on our side", "Report the request id to the publisher."
    ),
}


def describe(problem: Problem, request_id: str) -> tuple[int, dict[str, Any]]:
    """HTTP status and RFC 9457 document of a problem."""
    kind = CATALOGUE[type(problem)]
    document: dict[str, Any] = {
        "type": f"/problems/{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail or kind.title + ".",
        "instance": f"urn:civiclake:request:{request_id}",
        "code": kind.code,
        "hint": kind.hint,
        "request_id": request_id,
    }
    return kind.status, document | problem.members
