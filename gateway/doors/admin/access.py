"""/v1/admin/principals/{name}/access/{dataset}: what anybody sees of a dataset and why, asked by a steward."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from gateway.control.actors import NotInForceError, actor_for
from gateway.control.errors import ConflictError
from gateway.doors.admin.steward import OfficeDep, answer, within
from gateway.doors.deps import PurposeDep, ReleaseDep
from gateway.doors.native.access import explain
from gateway.policy.actor import PUBLIC, Actor
from gateway.problems import NotFound

router = APIRouter(prefix="/v1/admin", tags=["admin"])


@router.get("/principals/{name}/access/{dataset}")
async def access_of(name: str, dataset: str, office: OfficeDep, release: ReleaseDep, purpose: PurposeDep) -> Response:
    """What a principal, or `public`, sees of each column, under which rule: as `/v1/datasets/{id}/access` tells it with
    a credential that is not narrowed. The header `CivicLake-Purpose` is the purpose it would state."""
    if dataset not in release.datasets:
        raise NotFound("There is no such dataset.")

    def look(session: Session) -> Actor:
        standing = office.services.settings.terms_version
        try:
            return actor_for(session, name, office.now, tree=office.tree, terms=standing).actor
        except NotInForceError as error:
            raise ConflictError(str(error).removesuffix(".")) from None

    actor = PUBLIC if name == PUBLIC.id else await within(office.identity.store.read, look)
    return answer({"principal": actor.id, **explain(release, dataset, actor, purpose)})
