"""/v1/datasets/{id}/verify: whether values that the caller has already are those of one row; none is shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from catalog.contract.options import Strict
from catalog.policy.load import shared_limits
from catalog.policy.model import VerificationLimits
from gateway.answers.json_rows import dumps
from gateway.doors.deps import CallerDep, ServicesDep, only_parameters, release_asked, release_at, visible
from gateway.doors.native.rows import note
from gateway.problems import NotPermitted
from gateway.query.verification import compile_verification, parse_verification
from gateway.quota.admission import record_of
from gateway.quota.guesses import count_guess
from gateway.quota.meter import Price
from gateway.services import Services
from gateway.web.answers import VARY
from gateway.web.disconnect import until_disconnect

router = APIRouter()

_Name = Annotated[str, Field(max_length=200)]
_Said = Annotated[StrictStr, Field(max_length=4000)] | StrictInt | StrictFloat | StrictBool
_Values = Annotated[dict[_Name, _Said], Field(max_length=200)]


class VerificationBody(Strict):
    """Which row, by every column of the dataset's key, what it is claimed to hold, and in which release."""

    key: _Values
    claims: _Values
    release: Annotated[int, Field(ge=1, lt=10**9)] | None = None


@router.post("/v1/datasets/{dataset}/verify")
async def verify(
    dataset: str, request: Request, body: VerificationBody, caller: CallerDep, services: ServicesDep
) -> Response:
    """`match` or `no-match` of each claim. A row there is not, one of others' and a missing value are no match."""
    record_of(request).action = "verify"
    only_parameters(request)
    release = await (release_asked(request) if body.release is None else release_at(request, body.release))
    view = visible(release, caller, dataset, "verify")
    keys = release.datasets[dataset].entry.key
    if any(view.column(name) is None for name in keys):
        raise NotPermitted("You may read about this dataset, but not do this with it.")
    limits = verification_limits(services)
    question = parse_verification(view, keys, body.key, body.claims, limits.claims)
    note(request, services, question.names, (*question.key, *question.claims))
    price = Price(cost=limits.claim_cost * len(question.claims))
    await services.admission.charge(request, price, services.tier_limits(caller.actor))
    consumer = caller.actor.consumer or request.state.caller
    await count_guess(services.admission, request, limits, consumer=consumer, dataset=dataset, row=question.row)
    work = services.engine.fetch(
        compile_verification(question), services.settings.statement_timeout, caller=request.state.caller
    )
    ((*held,),) = await until_disconnect(request.receive, work)
    told = {
        claim.column.name: "match" if holds else "no-match" for claim, holds in zip(question.claims, held, strict=True)
    }
    headers = {"Cache-Control": "private, no-store", "Vary": VARY, "CivicLake-Release": str(release.number)}
    answer = dumps({"dataset": dataset, "release": release.number, "claims": told})
    return Response(answer, headers=headers, media_type="application/json")


def verification_limits(services: Services) -> VerificationLimits:
    """How much may be verified, as the policy in force says."""
    policy = services.policies.current
    said = policy.verification if policy is not None else None
    return said or shared_limits().verification
