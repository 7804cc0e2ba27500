"""What the doors of asking share: who stands at the desk, the ledger of this moment, one transaction for each act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

import anyio.to_thread
from fastapi import Depends, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from catalog.contract.options import Strict
from gateway.audit.record import AccessRecord
from gateway.control.errors import ForbiddenError
from gateway.control.workflow import cases
from gateway.control.workflow.cases import CaseT, Choice
from gateway.control.workflow.course import AnyCase, Step
from gateway.control.workflow.ledger import Ledger
from gateway.control.workflow.people import Person, person_named
from gateway.doors.admin.steward import answer, as_problems
from gateway.doors.deps import IdentifiedDep, IdentityDep, ReleaseDep, ServicesDep, only_parameters
from gateway.identity.callers import Identified
from gateway.identity.presented import unauthenticated
from gateway.identity.service import Identity
from gateway.problems import BadValue, NotPermitted
from gateway.quota.admission import record_of

_Result = TypeVar("_Result")
_Body = TypeVar("_Body")
LISTED = ("state", "overdue", "after")
"""Query parameters of every list of cases."""


class Reason(Strict):
    """Why a transition is made; those that refuse, dispute or revoke need it."""

    reason: str = Field("", max_length=4000)


NO_REASON = Reason()
"""What a transition is made with when nothing is sent."""


@dataclass(frozen=True)
class Desk:
    """One request to ask, or to answer: who, where it is kept, and what it is judged by."""

    identity: Identity
    identified: Identified
    ledger: Ledger
    record: AccessRecord

    @property
    def public(self) -> bool:
        """Whether nobody in particular asks."""
        return self.identified.method == "public"

    async def act(self, work: Callable[[Session, Person], _Result]) -> _Result:
        """Do the work for the caller in one writing transaction."""

        def run() -> _Result:
            with self.identity.store.begin() as session:
                cases.settle(session, self.ledger)
                return work(session, self._person(session))

        with as_problems():
            return await anyio.to_thread.run_sync(run)

    async def look(self, work: Callable[[Session, Person], _Result]) -> _Result:
        """Do the work for the caller in one reading transaction, after time has moved on what it moves on."""

        def run() -> _Result:
            cases.catch_up(self.identity.store, self.ledger)
            with self.identity.store.read() as session:
                return work(session, self._person(session))

        with as_problems():
            return await anyio.to_thread.run_sync(run)

    async def file(self, file: Callable[[Session, Ledger, _Body, Person], AnyCase], body: _Body, door: str) -> Response:
        """File a case for the caller; the answer is the case, and its address."""

        def work(session: Session, person: Person) -> dict[str, Any]:
            return self._full(session, file(session, self.ledger, body, person), person)

        return filed(await self.act(work), door)

    async def move(
        self,
        kind: type[CaseT],
        name: str,
        move: Callable[[Session, Ledger, CaseT, Step], object],
        *,
        transition: str,
        reason: str,
    ) -> Response:
        """Make a transition of a case that the caller knows of; the answer is the case after it."""

        def work(session: Session, person: Person) -> dict[str, Any]:
            case = cases.known(session, self.ledger, kind, name, person)
            self.record.dataset = case.dataset
            move(session, self.ledger, case, Step(transition, person, reason))
            return self._full(session, case, person)

        return answer(await self.act(work))

    async def shown(self, kind: type[AnyCase], name: str) -> dict[str, Any]:
        """One case with its steps, for a caller who knows of it."""

        def work(session: Session, person: Person) -> dict[str, Any]:
            return self._full(session, cases.known(session, self.ledger, kind, name, person), person)

        return await self.look(work)

    async def listed(self, request: Request, kind: type[AnyCase]) -> dict[str, Any]:
        """A page of the cases of a kind that the caller knows of."""
        choice = _choice(request)

        def work(session: Session, person: Person) -> dict[str, Any]:
            found, more = cases.listed(session, self.ledger, kind, person, choice)
            following = None
            if more:
                query = {"state": choice.state, "overdue": "true" if choice.overdue else None, "after": found[-1].id}
                following = f"{request.url.path}?{urlencode({k: v for k, v in query.items() if v})}"
            return {
                "cases": [cases.summary(case, self.ledger) for case in found],
                "complete": not more,
                "next": following,
            }

        return await self.look(work)

    def _full(self, session: Session, case: AnyCase, person: Person) -> dict[str, Any]:
        return cases.full(session, case, self.ledger, person)

    def _person(self, session: Session) -> Person:
        if self.identified.actor.token is not None:
            raise ForbiddenError("requests are made and decided with a credential that is not narrowed")
        return person_named(session, self.identified.actor.id, administers=self.identified.admin)


def filed(case: dict[str, Any], door: str) -> Response:
    """The answer to filing a case: the case, and its address."""
    found = answer(case, 201)
    found.headers["Location"] = f"/v1/{door}/{case['id']}"
    return found


async def _ledger(services: ServicesDep, release: ReleaseDep) -> Ledger:
    policy = services.policies.current
    if policy is None or policy.procedures is None:
        raise NotPermitted("No policy with procedures is in force, so nothing can be asked for.")
    return Ledger(policy, release.catalog, services.policies.now, release.number)


LedgerDep = Annotated[Ledger, Depends(_ledger)]


async def _open_desk(request: Request, identified: IdentifiedDep, identity: IdentityDep, ledger: LedgerDep) -> Desk:
    record = record_of(request)
    record.action = "request"
    if request.method != "GET":
        only_parameters(request)
    return Desk(identity, identified, ledger, record)


OpenDeskDep = Annotated[Desk, Depends(_open_desk)]
"""The desk for everybody, the public too."""


async def _desk(desk: OpenDeskDep) -> Desk:
    if desk.public:
        raise unauthenticated("Asking for access needs a credential.", None)
    return desk


DeskDep = Annotated[Desk, Depends(_desk)]
"""The desk for callers with a credential."""


def _choice(request: Request) -> Choice:
    only_parameters(request, LISTED)
    query = request.query_params
    if query.get("overdue", "true") not in ("true", "false"):
        raise BadValue("`overdue`: expected true or false.", parameter="overdue")
    return Choice(query.get("state"), query.get("overdue") == "true", query.get("after"))
