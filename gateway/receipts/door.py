"""/.well-known/http-message-signatures-directory: the public key that receipts are checked with."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import dumps
from gateway.doors.deps import ServicesDep, only_parameters
from gateway.web.answers import document_answer

router = APIRouter()

DIRECTORY = "/.well-known/http-message-signatures-directory"
_MEDIA_TYPE = "application/http-message-signatures-directory+json"


@router.api_route(DIRECTORY, methods=["GET", "HEAD"])
async def directory(request: Request, services: ServicesDep) -> Response:
    """The keys as a JSON Web Key Set."""
    only_parameters(request)
    body = dumps({"keys": [services.admission.receipt_key.jwk]})
    return await document_answer(request, body, media_type=_MEDIA_TYPE)
