"""/oauth/token and its metadata: access tokens for department systems."""

from __future__ import annotations

from http import HTTPStatus

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import MEDIA_TYPE, dumps
from gateway.doors.deps import ServicesDep, only_parameters
from gateway.identity.token_endpoint import ADDRESS, ASSERTION_ALGORITHMS, METHODS
from gateway.problems import BadValue, NotFound
from gateway.web.answers import document_answer

router = APIRouter()

_FORM = "application/x-www-form-urlencoded"


@router.post(ADDRESS)
async def token(request: Request, services: ServicesDep) -> Response:
    """An access token by client credentials; refusals are those of RFC 6749 §5.2."""
    only_parameters(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise BadValue(f"A token request is a form: Content-Type {_FORM}.")
    body = await request.body()
    answer = services.identity.tokens.answer
    status, document, headers = await anyio.to_thread.run_sync(answer, body, request.headers)
    if status == HTTPStatus.UNAUTHORIZED:
        await services.failures.count(request)
    return Response(dumps(document), status_code=status, headers=headers, media_type=MEDIA_TYPE)


@router.get("/.well-known/oauth-authorization-server")
@router.head("/.well-known/oauth-authorization-server", include_in_schema=False)
async def metadata(request: Request, services: ServicesDep) -> Response:
    """Metadata of the token endpoint (RFC 8414); nothing while no public address is set."""
    only_parameters(request)
    issuer = services.settings.public_url
    if issuer is None:
        raise NotFound()
    document = {
        "issuer": issuer,
        "token_endpoint": issuer + ADDRESS,
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
    }
    return await document_answer(request, dumps(document))
