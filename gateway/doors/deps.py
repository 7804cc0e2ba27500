"""What handlers ask for: the services, the caller, the leased release, the dataset as the caller sees it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from catalog.policy.model import Action
from gateway.audit.middleware import WITHOUT_DATA
from gateway.audit.record import AccessRecord
from gateway.identity.callers import Identified
from gateway.identity.service import Identity
from gateway.policy.actor import Actor
from gateway.problems import BadValue, NoRelease, NotFound, NotPermitted, UnknownParameter
from gateway.quota.admission import record_of
from gateway.release.opened import OpenRelease
from gateway.services import Services
from gateway.view.view import View

PURPOSE_HEADER = "CivicLake-Purpose"


@dataclass(frozen=True)
class Caller:
    """Who asks, and what for. `record` is told what is decided."""

    actor: Actor
    purpose: str | None
    record: AccessRecord | None = field(default=None, compare=False)


def services_of(request: Request) -> Services:
    """The services of the application that serves this request."""
    services: Services = request.app.state.services
    return services


def identified_of(request: Request) -> Identified:
    """Who is asking, as the credential of the request has shown."""
    identified: Identified = request.state.identified
    return identified


def actor_of(request: Request) -> Actor:
    """Who is asking."""
    return identified_of(request).actor


def purpose_of(request: Request) -> str | None:
    """What the caller says it wants the data for; BadValue when the city knows no such purpose."""
    purpose = request.headers.get(PURPOSE_HEADER)
    if purpose is None:
        return None
    policy = services_of(request).policies.current
    known = sorted(policy.purposes) if policy is not None else []
    if purpose not in known:
        raise BadValue(f"`{PURPOSE_HEADER}`: expected one of the listed purposes.", purposes=known)
    return purpose


def caller_of(request: Request) -> Caller:
    """Who asks, what for, and the record of it. Doors that are asked most call it themselves: a dependency takes a
    tenth of the time of a small page."""
    return Caller(actor_of(request), purpose_of(request), record_of(request))


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


async def release_asked(request: Request, given: Mapping[str, str] | None = None) -> OpenRelease:
    """The release that the parameter `release` names, else the current one. Raises BadValue, or NotFound alike for
    a release that never was and one that may not be read any more."""
    text = (request.query_params if given is None else given).get("release")
    release = release_of(request)
    if text is None or text == str(release.number):
        return release
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise BadValue("`release`: expected the number of a release.", parameter="release")
    return await release_at(request, int(text))


async def release_at(request: Request, number: int) -> OpenRelease:
    """The release of that number, which the request then holds; NotFound when it may not be read."""
    if release_of(request).number != number and not await request.state.lease.change_to(number):
        raise NotFound("There is no such release.")
    return release_of(request)


def visible(release: OpenRelease, caller: Caller, dataset: str, action: Action | None = "read") -> View:
    """The dataset as the caller sees it under an action, or without one as it may read about it.

    Raises NotFound alike for what is hidden and what does not exist, NotPermitted where it may only be read about.
    """
    actor, purpose = caller.actor, caller.purpose
    if caller.record is not None and dataset in release.datasets:
        _note(caller.record, release, dataset, caller, action or "describe")
    view = release.view(dataset, actor, purpose, action) if action else None
    if view is not None:
        return view
    told = release.described(dataset, actor, purpose)
    if told is None:
        raise NotFound("There is no such dataset.")
    if action is not None:
        raise NotPermitted(_why_not(release, caller, dataset, action))
    return told


def _why_not(release: OpenRelease, caller: Caller, dataset: str, action: Action) -> str:
    """Why a caller may only read about a dataset; where it would do to state a purpose, which ones are open to it."""
    policy = release.policies.current
    purposes = policy.purposes if policy is not None else ()
    opening = [name for name in purposes if release.view(dataset, caller.actor, name, action) is not None]
    if not opening:
        return "You may read about this dataset, but not do this with it."
    named = ", ".join(f"`{name}`" for name in opening)
    return f"This dataset is open to you for a purpose only: state it in the header `{PURPOSE_HEADER}` ({named})."


def _note(record: AccessRecord, release: OpenRelease, dataset: str, caller: Caller, action: Action) -> None:
    """Tell the record of the access what was asked and decided; doors add columns and rows."""
    decision = release.decision(dataset, caller.actor, caller.purpose, action)
    if action == "describe" and not decision.allow:  # whoever sees rows may read about them
        decision = release.decision(dataset, caller.actor, caller.purpose, "read")
    rules = tuple(reason.code for reason in decision.reasons)
    record.dataset, record.release = dataset, release.number
    record.action, record.purpose, record.rules = action, caller.purpose, rules
    record.decision = "allow" if decision.allow else "deny"
    record.grants = tuple(grant.id for grant in caller.actor.grants if grant.id in rules)


def only_parameters(request: Request, names: Collection[str] = ()) -> None:
    """Refuse query parameters that the address does not have; `release` among them unless it is named."""
    for name in request.query_params:
        if name not in names:
            raise UnknownParameter(f"There is no parameter `{name[:80]}` here.", parameter=name[:80])


async def admitted(request: Request) -> None:
    """Name the caller in the audit log and take the request from its quota; for every route that tells of data."""
    if request.scope["route"].path not in WITHOUT_DATA:
        services, actor = services_of(request), actor_of(request)
        await services.admission.admit(request, actor, services.tier_limits(actor))


# Coroutines, because the framework would send plain functions through its thread pool, at 0.2 ms each.


async def _services(request: Request) -> Services:
    return services_of(request)


async def _actor(request: Request) -> Actor:
    return actor_of(request)


async def _release(request: Request) -> OpenRelease:
    return await release_asked(request)


async def _purpose(request: Request) -> str | None:
    return purpose_of(request)


async def _identity(request: Request) -> Identity:
    return services_of(request).identity


async def _identified(request: Request) -> Identified:
    return identified_of(request)


ServicesDep = Annotated[Services, Depends(_services)]
ActorDep = Annotated[Actor, Depends(_actor)]
IdentityDep = Annotated[Identity, Depends(_identity)]
IdentifiedDep = Annotated[Identified, Depends(_identified)]
ReleaseDep = Annotated[OpenRelease, Depends(_release)]
PurposeDep = Annotated[str | None, Depends(_purpose)]


async def _caller(request: Request) -> Caller:
    return caller_of(request)


CallerDep = Annotated[Caller, Depends(_caller)]


async def _described(dataset: str, release: ReleaseDep, caller: CallerDep) -> View:
    return visible(release, caller, dataset, None)


async def _exported(dataset: str, release: ReleaseDep, caller: CallerDep) -> View:
    return visible(release, caller, dataset, "export")


DescribedDep = Annotated[View, Depends(_described)]
"""The dataset for what is told about it."""
ExportedDep = Annotated[View, Depends(_exported)]
"""The dataset for what leaves as a whole."""
