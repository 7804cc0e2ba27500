"""What handlers ask for: the services, the caller, the leased release, the dataset as the caller sees it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from fastapi import Depends, Request

from gateway.policy.actor import PUBLIC, Actor
from gateway.problems import NoRelease, NotFound, UnknownParameter
from gateway.release.opened import OpenRelease
from gateway.services import Services
from gateway.view.view import View


def services_of(request: Request) -> Services:
    """The services of the application that serves this request."""
    services: Services = request.app.state.services
    return services


def actor_of(_request: Request) -> Actor:
    """Who is asking."""
    return PUBLIC


def release_of(request: Request) -> OpenRelease:
    """The release this request holds. Raises NoRelease before the first one."""
    release: OpenRelease | None = request.state.lease.release
    if release is None:
        raise NoRelease(headers={"Retry-After": "5"})
    request.state.release = release.number
    return release


async def release_numbered(request: Request, number: int) -> OpenRelease:
    """The release this request holds, changed over to the current one if that is not `number`.

    Another server process may already have changed over and given a cursor of the new release.
    """
    if release_of(request).number != number:
        await services_of(request).shelf.refresh()
        request.state.lease.renew()
    return release_of(request)


def visible(release: OpenRelease, actor: Actor, dataset: str) -> View:
    """The dataset as the actor sees it; NotFound alike for what is hidden and what does not exist."""
    view = release.view(dataset, actor)
    if view is None:
        raise NotFound("There is no such dataset.")
    return view


def only_parameters(request: Request, names: Collection[str] = ()) -> None:
    """Refuse query parameters that the address does not have."""
    for name in request.query_params:
        if name not in names:
            raise UnknownParameter(f"There is no parameter `{name[:80]}` here.", parameter=name[:80])


# Coroutines, because the framework would send plain functions through its thread pool, at 0.2 ms each.


async def _services(request: Request) -> Services:
    return services_of(request)


async def _actor(request: Request) -> Actor:
    return actor_of(request)


async def _release(request: Request) -> OpenRelease:
    return release_of(request)


ServicesDep = Annotated[Services, Depends(_services)]
ActorDep = Annotated[Actor, Depends(_actor)]
ReleaseDep = Annotated[OpenRelease, Depends(_release)]


async def _view(dataset: str, release: ReleaseDep, actor: ActorDep) -> View:
    return visible(release, actor, dataset)


ViewDep = Annotated[View, Depends(_view)]
