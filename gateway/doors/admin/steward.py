"""What every administration route shares: stewards only, one transaction, errors as problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import anyio.to_thread
from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from gateway.answers.json_rows import MEDIA_TYPE, dumps
from gateway.control.errors import ConflictError, ControlError, ForbiddenError, UnknownError
from gateway.doors.deps import IdentifiedDep, only_parameters
from gateway.identity.callers import Identified
from gateway.identity.presented import unauthenticated
from gateway.identity.service import Identity
from gateway.problems import BadValue, Conflict, NotFound, NotPermitted

_Result = TypeVar("_Result")


async def _steward(request: Request, identified: IdentifiedDep) -> Identified:
    only_parameters(request)
    if identified.method == "public":
        raise unauthenticated("Administration needs a steward's credential.", None)
    if not identified.admin:
        raise NotPermitted("Administration is for stewards, with a credential of the scope `admin`.")
    return identified


StewardDep = Annotated[Identified, Depends(_steward)]


async def act(identity: Identity, work: Callable[[Session], _Result]) -> _Result:
    """Do the work in one writing transaction, off the event loop."""
    return await _run(identity, work, writing=True)


async def look(identity: Identity, work: Callable[[Session], _Result]) -> _Result:
    """Do the work in one reading transaction, off the event loop."""
    return await _run(identity, work, writing=False)


def answer(body: Any, status: int = 200) -> Response:
    """A document that nobody keeps."""
    return Response(dumps(body), status_code=status, headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPE)


async def _run(identity: Identity, work: Callable[[Session], _Result], *, writing: bool) -> _Result:
    def run() -> _Result:
        with identity.store.begin() if writing else identity.store.read() as session:
            return work(session)

    with as_problems():
        return await anyio.to_thread.run_sync(run)


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
