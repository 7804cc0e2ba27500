"""What every administration route shares: stewards only, one transaction, errors as problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

import anyio.to_thread
from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from catalog.policy.divisions import DivisionTree
from gateway.answers.json_rows import MEDIA_TYPE, dumps
from gateway.control.credentials import check_names
from gateway.control.documents import document
from gateway.control.errors import ConflictError, ControlError, ForbiddenError, UnknownError
from gateway.control.tables.base import Base
from gateway.control.workflow.latecomers import take_up
from gateway.control.workflow.ledger import Ledger
from gateway.doors.deps import IdentifiedDep, ServicesDep, only_parameters
from gateway.identity.presented import unauthenticated
from gateway.identity.scope import Scope
from gateway.identity.service import Identity
from gateway.problems import BadValue, Conflict, NotFound, NotPermitted
from gateway.services import Services

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Office:
    """One request of a steward: what it acts on, at what moment, and in whose name."""

    identity: Identity
    services: Services
    by: str

    @property
    def now(self) -> datetime:
        """This moment."""
        return self.identity.clock()

    @property
    def tree(self) -> DivisionTree:
        """The divisions of the policy in force."""
        policy = self.services.policies.current
        return policy.division_tree if policy is not None else DivisionTree(())

    async def act(self, work: Callable[[Session], _Result]) -> _Result:
        """Do the work in one writing transaction, off the event loop."""
        return await within(self.identity.store.begin, work)

    async def done(self, work: Callable[[Session], Base], status: int = 200) -> Response:
        """Do the work in one writing transaction, and answer with the row it was done to."""
        return answer(self.document(await self.act(work)), status)

    async def listed(self, name: str, work: Callable[[Session], Sequence[Base]]) -> Response:
        """Answer with rows, under their name, as one reading transaction finds them."""
        return answer({name: [self.document(row) for row in await within(self.identity.store.read, work)]})

    def document(self, row: Base) -> dict[str, Any]:
        """A row for showing."""
        return document(row, self.services.zone)

    @property
    def ledger(self) -> Ledger | None:
        """What cases are judged by; None while nothing is published that they can be about, or no policy has any."""
        release, policy = self.services.shelf.current, self.services.policies.current
        if release is None or policy is None or policy.procedures is None:
            return None
        return Ledger(policy, release.catalog, self.now, release.number)

    def hand_over(self, session: Session, organisation: str) -> None:
        """Give an organisation the cases that waited for it."""
        if self.ledger is not None:
            take_up(session, self.ledger, organisation)

    def lifetime(self, days: int) -> timedelta:
        """A lifetime within what the settings allow. Raises BadValue."""
        longest = self.services.settings.longest_key_days
        if days > longest:
            raise BadValue(f"`days`: at most {longest}.")
        return timedelta(days=days)

    def check_names(self, scope: Scope) -> None:
        """Raises BadValue for a dataset or column of a scope that the policy in force does not know."""
        with as_problems():
            check_names(self.services.policies.current, scope)


async def _office(request: Request, identified: IdentifiedDep, services: ServicesDep) -> Office:
    only_parameters(request)
    if identified.method == "public":
        raise unauthenticated("Administration needs a steward's credential.", None)
    if not identified.admin:
        raise NotPermitted("Administration is for stewards, with a credential of the scope `admin`.")
    return Office(services.identity, services, identified.actor.id)


OfficeDep = Annotated[Office, Depends(_office)]
"""The office for stewards with a credential that administers; nobody else gets in."""


def answer(body: Any, status: int = 200) -> Response:
    """A document that nobody keeps."""
    return Response(dumps(body), status_code=status, headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPE)


@contextmanager
def as_problems() -> Iterator[None]:
    """Errors of acts on the control store as problems for the caller."""
    try:
        yield
    except UnknownError as error:
        raise NotFound(_sentence(error)) from None
    except ForbiddenError as error:
        raise NotPermitted(_sentence(error)) from None
    except ConflictError as error:
        raise Conflict(_sentence(error)) from None
    except ControlError as error:
        raise BadValue(_sentence(error)) from None


def _sentence(error: ControlError) -> str:
    return f"{str(error)[0].upper()}{str(error)[1:]}."


async def within(
    transaction: Callable[[], AbstractContextManager[Session]], work: Callable[[Session], _Result]
) -> _Result:
    """Do the work in one transaction, off the event loop; its errors are problems for the caller."""

    def run() -> _Result:
        with transaction() as session:
            return work(session)

    with as_problems():
        return await anyio.to_thread.run_sync(run)
