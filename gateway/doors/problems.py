"""/problems: what every problem type means, so that the `type` of a problem document leads somewhere."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import dumps
from gateway.problems import CATALOGUE, NotFound
from gateway.web.answers import document_answer

router = APIRouter()


@router.api_route("/problems", methods=["GET", "HEAD"])
async def list_problems(request: Request) -> Response:
    """The whole catalogue of problem types."""
    return await document_answer(request, dumps({"problems": [asdict(kind) for kind in CATALOGUE.values()]}))


@router.api_route("/problems/{code}", methods=["GET", "HEAD"])
async def show_problem(code: str, request: Request) -> Response:
    """One problem type."""
    for kind in CATALOGUE.values():
        if kind.code == code:
            return await document_answer(request, dumps(asdict(kind)))
    raise NotFound("There is no such problem type.")
