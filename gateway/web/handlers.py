"""Problems as HTTP answers: every refusal is one RFC 9457 document, or says the same in the form of a facade."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from gateway.answers.json_rows import dumps
from gateway.facades.refusals import refusal_form
from gateway.problems import BadValue, InternalError, MethodNotAllowed, NotFound, Problem, describe

MEDIA_TYPE = "application/problem+json"


def problem_response(problem: Problem, scope: Scope) -> Response:
    """The HTTP answer for a problem of a request."""
    status, document = describe(problem, scope["state"]["request_id"])
    headers = {"Cache-Control": "no-store", **problem.headers}
    form = refusal_form(scope["path"])
    if form is None:
        return Response(dumps(document), status_code=status, headers=headers, media_type=MEDIA_TYPE)
    told = form(document)
    return Response(told.body, status_code=told.status, headers=headers, media_type=told.media_type)


def install(app: FastAPI) -> None:
    """Make an application answer every refusal with a problem document."""

    async def own(request: Request, error: Exception) -> Response:
        problem = error if isinstance(error, Problem) else InternalError()
        return problem_response(problem, request.scope)

    async def routing(request: Request, error: Exception) -> Response:
        return problem_response(_translated(error), request.scope)

    app.add_exception_handler(Problem, own)
    app.add_exception_handler(HTTPException, routing)
    app.add_exception_handler(RequestValidationError, routing)


def _translated(error: Exception) -> Problem:
    """Our problem for a refusal of the framework; its text is not passed on."""
    if isinstance(error, HTTPException):
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.NOT_FOUND:
            return NotFound()
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return MethodNotAllowed(headers=headers)
    if isinstance(error, RequestValidationError):
        return BadValue(_fault(error))
    return InternalError()


def _fault(error: RequestValidationError) -> str:
    """Where a body is wrong, and how; never the value itself."""
    fault = next(iter(error.errors()), None)
    if fault is None or fault["type"] == "json_invalid" or fault["loc"][:1] != ("body",):
        return "The request could not be read."
    place = ".".join(str(part) for part in fault["loc"][1:]) or "body"
    return f"`{place[:80]}`: {fault['msg']}."
