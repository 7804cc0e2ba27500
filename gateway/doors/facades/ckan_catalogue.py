"""CKAN's actions about packages, resources, organisations, groups and tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from catalog.policy.load import shared_limits
from gateway.doors.deps import Caller, release_of, visible
from gateway.doors.standards.common import entries_of, origin_of
from gateway.facades.ckan import packages, search
from gateway.facades.ckan.packages import Named
from gateway.facades.ckan.parameters import Parameters
from gateway.problems import BadValue, NotFound
from gateway.quota.meter import Price
from gateway.services import Services
from gateway.standards.entry import Entry

MOST = 2**31
VERSION = "2.11"


@dataclass(frozen=True)
class Ask:
    """One call of an action."""

    request: Request
    services: Services
    caller: Caller
    given: Parameters

    async def entries(self) -> list[Entry]:
        """Every dataset the caller may see or read about."""
        release = release_of(self.request)
        return await entries_of(self.request, release, release.views(self.caller.actor, self.caller.purpose))

    async def pay(self, described: int) -> None:
        """Take so many descriptions of datasets from the caller's quota."""
        price = Price(cost=shared_limits().cost.description * described)
        await self.services.admission.charge(self.request, price, self.services.tier_limits(self.caller.actor))


@dataclass(frozen=True)
class CkanAction:
    """One action: how it is called, its sentence, the parameters it takes."""

    name: str
    sentence: str
    parameters: tuple[str, ...]
    run: Callable[[Ask], Awaitable[Any]]


async def _site_read(_ask: Ask) -> bool:
    return True


async def _status(ask: Ask) -> dict[str, Any]:
    city = release_of(ask.request).catalog.city
    return {
        "ckan_version": VERSION,
        "site_title": f"{city.title.zh} {city.title.en}",
        "site_description": f"{city.publisher.zh} {city.publisher.en}",
        "site_url": origin_of(ask.request),
        "locale_default": "en",
        "extensions": ["datastore"],
    }


async def _package_list(ask: Ask) -> list[str]:
    return _slice(ask, sorted(entry.view.dataset for entry in await ask.entries()))


async def _packages(ask: Ask) -> list[dict[str, Any]]:
    found = _slice(ask, sorted(await ask.entries(), key=lambda entry: entry.view.dataset), _page())
    await ask.pay(len(found))
    return [packages.package(entry) for entry in found]


async def _package_show(ask: Ask) -> dict[str, Any]:
    release = release_of(ask.request)
    view = visible(release, ask.caller, ask.given.required("id"), None)
    await ask.pay(1)
    return packages.package((await entries_of(ask.request, release, [view]))[0])


async def _package_search(ask: Ask) -> dict[str, Any]:
    given = ask.given
    tests = [search.parse(given.text("q"), "q"), search.parse(given.text("fq"), "fq")]
    tests += [search.parse(text, "fq_list") for text in given.names("fq_list") or ()]
    everything = [search.Found.of(entry) for entry in await ask.entries()]
    found = search.ordered([one for one in everything if all(test(one) for test in tests)], given.text("sort"))
    names = given.names("facet.field") or [] if given.flag("facet", True) else []
    most = -1 if given.text("facet.limit") == "-1" else given.number("facet.limit", 50, MOST)
    start, rows = given.number("start", 0, MOST), given.number("rows", 10, _page())
    page = found[start : start + rows]
    await ask.pay(len(page))
    return {
        "count": len(found),
        "sort": given.text("sort") or "score desc",
        "results": [packages.package(one.entry) for one in page],
        **search.facets(found, names, most, given.number("facet.mincount", 1, MOST)),
    }


async def _resource_show(ask: Ask) -> dict[str, Any]:
    wanted = ask.given.required("id")
    for entry in await ask.entries():
        for resource in packages.resources_of(entry):
            if resource["id"] == wanted:
                visible(release_of(ask.request), ask.caller, entry.view.dataset, None)
                return resource
    raise NotFound("There is no such resource.")


def _page() -> int:
    return shared_limits().questions.catalogue_page


Kind = Callable[[Entry], Sequence[Named]]
Shape = Callable[[Named], dict[str, Any]]


def _lists(of: Kind, shape: Shape) -> Callable[[Ask], Awaitable[Any]]:
    """All of a kind: their names, or with `all_fields` what is told of them."""

    async def run(ask: Ask) -> Any:
        found = _by_name(await ask.entries(), of)
        wanted, query = ask.given.names("groups") or ask.given.names("organizations"), ask.given.text("query")
        names = [name for name in _in_order(ask, found) if wanted is None or name in wanted]
        names = [name for name in names if not query or query.casefold() in found[name][0].title.casefold()]
        if not ask.given.flag("all_fields", False):
            return _slice(ask, names)
        return [shape(found[name][0]) | {"package_count": len(found[name][1])} for name in _slice(ask, names)]

    return run


def _in_order(ask: Ask, found: Mapping[str, tuple[Named, list[Entry]]]) -> list[str]:
    """Names in the order asked for, and by themselves where that does not tell."""
    word, _, direction = (ask.given.text("sort") or ask.given.text("order_by") or "name").strip().partition(" ")
    if word not in _SORTS or direction.strip().lower() not in ("", "asc", "desc"):
        raise BadValue(f"`sort`: expected {', '.join(_SORTS)} with asc or desc.", parameter="sort")
    by, backwards = _SORTS[word], direction.strip().lower() == "desc"
    return sorted(sorted(found), key=lambda name: by(*found[name]), reverse=backwards)


_SORTS: dict[str, Callable[[Named, list[Entry]], Any]] = {
    "name": lambda named, _: named.name,
    "title": lambda named, _: named.title,
    "package_count": lambda _, entries: len(entries),
}


def _shows(of: Kind, shape: Shape, word: str) -> Callable[[Ask], Awaitable[Any]]:
    """One of a kind, with its datasets if asked for."""

    async def run(ask: Ask) -> dict[str, Any]:
        found = _by_name(await ask.entries(), of).get(ask.given.required("id"))
        if found is None:
            raise NotFound(f"There is no such {word}.")
        named, entries = found
        told = shape(named) | {"package_count": len(entries)}
        if ask.given.flag("include_datasets", False):
            await ask.pay(len(entries))
            told["packages"] = [packages.package(entry) for entry in entries]
        return told

    return run


def _by_name(entries: Sequence[Entry], of: Kind) -> dict[str, tuple[Named, list[Entry]]]:
    found: dict[str, tuple[Named, list[Entry]]] = {}
    for entry in entries:
        for named in of(entry):
            found.setdefault(named.name, (named, []))[1].append(entry)
    return found


def _slice(ask: Ask, found: Sequence[Any], most: int = MOST) -> list[Any]:
    offset, limit = ask.given.number("offset", 0, MOST), ask.given.number("limit", most, most)
    return list(found[offset : offset + limit])


def _publisher(entry: Entry) -> list[Named]:
    return [packages.organisation_of(entry)]


_INCLUDES = ("include_extras", "include_tags", "include_groups", "include_users", "include_followers")
_LIST = ("all_fields", "sort", "order_by", "limit", "offset", "type", "include_dataset_count", *_INCLUDES)
_SHOW = ("id", "include_datasets", "include_dataset_count", "type", *_INCLUDES)
_SEARCH = ("q", "fq", "fq_list", "rows", "start", "sort", "facet", "facet.field", "facet.limit", "facet.mincount",
           "include_drafts", "include_private", "include_deleted", "use_default_schema")  # fmt: skip
CATALOGUE_ACTIONS = (
    CkanAction("site_read", "Whether the site can be read.", (), _site_read),
    CkanAction("status_show", "What this site is.", (), _status),
    CkanAction("package_list", "The names of all datasets.", ("limit", "offset"), _package_list),
    CkanAction("current_package_list_with_resources", "All datasets in full.", ("limit", "offset"), _packages),
    CkanAction("package_search", "Datasets by words and fields, with facets.", _SEARCH, _package_search),
    CkanAction("package_show", "One dataset.", ("id", "use_default_schema", "include_tracking"), _package_show),
    CkanAction("resource_show", "One resource.", ("id", "include_tracking"), _resource_show),
    CkanAction(
        "organization_list",
        "Those who publish.",
        ("organizations", *_LIST),
        _lists(_publisher, packages.organisation_document),
    ),
    CkanAction(
        "organization_show",
        "One of those who publish.",
        _SHOW,
        _shows(_publisher, packages.organisation_document, "organisation"),
    ),
    CkanAction("group_list", "The themes.", ("groups", *_LIST), _lists(packages.groups_of, packages.group_document)),
    CkanAction("group_show", "One theme.", _SHOW, _shows(packages.groups_of, packages.group_document, "group")),
    CkanAction(
        "tag_list",
        "The keywords.",
        ("query", "all_fields", "limit", "offset"),
        _lists(packages.tags_of, packages.tag_document),
    ),
    CkanAction("tag_show", "One keyword.", _SHOW, _shows(packages.tags_of, packages.tag_document, "tag")),
)
"""The actions about the catalogue."""
