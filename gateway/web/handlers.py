"""Problems as HTTP answers: every refusal is one RFC 9457 document, or says the same in the form of a facade."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from gateway.answers.json_rows import dumps
from gateway.facades.refusals import refusal_form
from gateway.problems import BadValue, InternalError, MethodNotAllowed, NotFound, Problem, describe

MEDIA_TYPE = "application/problem+json"
_UNREADABLE = "The request could not be read."


def problem_response(problem: Problem, scope: Scope) -> Response:
    """The HTTP answer for a problem of a request."""
    status, document = describe(problem, scope["state"]["request_id"])
    headers = {"Cache-Control": "no-store", **problem.headers}
    form = refusal_form(scope["path"])
    if form is None:
        return Response(dumps(document), status_code=status, headers=headers, media_type=MEDIA_TYPE)
    told = form(document)
    return Response(told.body, status_code=told.status, headers=headers, media_type=told.media_type)


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Make an application of these routers answer every refusal with a problem document."""
    routes = [route for router in routers for route in router.routes]

    async def own(request: Request, error: Exception) -> Response:
        problem = error if isinstance(error, Problem) else InternalError()
        return problem_response(problem, request.scope)

    async def routing(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return problem_response(MethodNotAllowed(headers={"Allow": _allowed(routes, request)}), request.scope)
        return problem_response(_translated(error), request.scope)

    app.add_exception_handler(Problem, own)
    app.add_exception_handler(HTTPException, routing)
    app.add_exception_handler(RequestValidationError, routing)


def _translated(error: Exception) -> Problem:
    """Our problem for a refusal of the framework; its text is not passed on."""
    if isinstance(error, HTTPException):
        if error.status_code == HTTPStatus.NOT_FOUND:
            return NotFound()
        if error.status_code == HTTPStatus.BAD_REQUEST:  # a body that is no text, for one
            return BadValue(_UNREADABLE)
    if isinstance(error, RequestValidationError):
        return BadValue(_fault(error))
    return InternalError()


def _allowed(routes: Iterable[BaseRoute], request: Request) -> str:
    """The methods of an address: of all routes that lead there, where the framework tells those of the first one."""
    found: set[str] = set()
    for route in routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(found))


def _fault(error: RequestValidationError) -> str:
    """Where a body is wrong, and how; never the value itself."""
    fault = next(iter(error.errors()), None)
    if fault is None or fault["type"] == "json_invalid" or fault["loc"][:1] != ("body",):
        return _UNREADABLE
    place = ".".join(str(part) for part in fault["loc"][1:]) or "body"
    return f"`{place[:80]}`: {fault['msg']}."
