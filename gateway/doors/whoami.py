"""/v1/whoami: what the gateway takes the caller for."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import MEDIA_TYPE, dumps
from gateway.doors.deps import IdentifiedDep, ServicesDep, only_parameters
from gateway.identity.callers import Identified
from gateway.policy.actor import WHOLE, Grant, TokenScope

router = APIRouter()


@router.get("/v1/whoami")
@router.head("/v1/whoami", include_in_schema=False)
async def whoami(request: Request, caller: IdentifiedDep, services: ServicesDep) -> Response:
    """Id, tier, organisation, area, grants in force and what the credential narrows them to."""
    only_parameters(request)
    return Response(
        dumps(described(caller, services.zone)), headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPE
    )


def described(caller: Identified, zone: tzinfo) -> dict[str, Any]:
    """A caller as a document, its times on the clocks of a zone; holds no secret.

    Of what its holder was granted a narrowed credential is told as much as it covers.
    """
    actor = caller.actor
    token = actor.token
    scope = token or WHOLE
    return {
        "id": actor.id,
        "tier": actor.tier,
        "organisation": actor.organisation,
        "divisions": actor.jurisdictions,
        "by": caller.method,
        "credential": caller.credential,
        "administers": caller.admin,
        "grants": [_grant(grant, scope, zone) for grant in actor.grants if scope.names(grant.dataset)],
        "break_glass": [dataset for dataset in actor.break_glass if scope.names(dataset)],
        "narrowed_to": None
        if token is None
        else {
            "datasets": None if token.datasets is None else sorted(token.datasets),
            "actions": None if token.actions is None else sorted(token.actions),
            "columns": None if token.columns is None else sorted(token.columns),
            "rows": None if token.rows is None else token.rows.model_dump(mode="json", exclude_defaults=True),
        },
    }


def _grant(grant: Grant, scope: TokenScope, zone: tzinfo) -> dict[str, Any]:
    return {
        "id": grant.id,
        "dataset": grant.dataset,
        "columns": scope.lets(grant.columns),
        "clear_columns": scope.lets(grant.clear_columns),
        "actions": grant.actions,
        "rows": grant.rows.model_dump(mode="json", exclude_defaults=True),
        "purposes": grant.purposes,
        "expires_at": grant.expires_at.astimezone(zone).isoformat(),
    }
