"""CKAN's datastore: rows of a resource by pages, what its columns are, and all of it as a file."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from catalog.policy.load import shared_limits
from catalog.policy.model import Action
from gateway.answers.fields import Field, fields_of
from gateway.doors.deps import release_of, visible
from gateway.doors.facades.ckan_catalogue import Ask, CkanAction
from gateway.doors.facades.paging import text_page
from gateway.doors.facades.question import Question, compiled, names_of, order_of, price_of
from gateway.doors.native.deliver import place_of
from gateway.doors.native.pinned import pinned
from gateway.doors.native.rows import note
from gateway.doors.native.totals import Total, count_rows, counting
from gateway.doors.standards.common import site_of
from gateway.facades.ckan import datastore
from gateway.facades.ckan.packages import datastore_dataset
from gateway.facades.ckan.records import RECORDS, Records
from gateway.problems import BadValue, NotFound
from gateway.query.compile import counted
from gateway.query.compile_groups import compile_groups
from gateway.query.tree import Query
from gateway.quota.group_cost import group_units
from gateway.quota.meter import Price
from gateway.release.opened import OpenRelease
from gateway.view.view import Column, View
from gateway.web.disconnect import until_disconnect

_ALL = 2**31
PATH = "/api/3/action/datastore_search"


@dataclass(frozen=True)
class Searched:
    """A search: its question, rows or different ones, with the release it is asked of and the place it begins at."""

    release: OpenRelease
    resource: str
    view: View
    query: Question
    offset: int

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the view that the answer shows."""
        if isinstance(self.query, Query):
            return self.query.select
        return tuple(key.column for key in self.query.keys)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The columns of the answer."""
        return self.query.select if isinstance(self.query, Query) else fields_of(self.query)


def dataset_of(ask: Ask, release: OpenRelease, action: Action = "read") -> tuple[str, View]:
    """The resource asked for and its view. Raises NotFound, or NotPermitted where it may only be read about."""
    resource = ask.given.text("resource_id") or ask.given.required("id")
    dataset = datastore_dataset(release.datasets, resource)
    if dataset is None:
        raise NotFound("There is no such dataset.")  # which is what is told of a hidden one
    return resource, visible(release, ask.caller, dataset, action)


async def searched(ask: Ask, default: int | None, most: int) -> Searched:
    """The search that the parameters ask for, of `most` rows, without `default` of all. A page goes on at a cursor,
    else at an offset. What is larger than a page of ours leaves only to those who may export."""
    given, services = ask.given, ask.services
    limits = services.query_limits(ask.caller.actor)
    texts = {name: text for name in ("cursor", "release") if (text := given.text(name)) is not None}
    release, cursor = await pinned(ask.request, services, texts)
    whole = default is None and not given.has("limit")
    limit = None if whole else given.number("limit", min(default or 0, limits.max_rows), most)
    exported = limit is None or limit > limits.max_rows
    resource, view = dataset_of(ask, release, "export" if exported else "read")
    offset = given.number("offset", 0, services.settings.max_offset if cursor is None else _ALL)  # else it only counts
    parse = datastore.parse_distinct if given.flag("distinct", False) else datastore.parse_rows
    query: Question = parse(view, given, limits, limit, 0 if cursor else offset)
    if cursor is not None:
        query = replace(query, after=place_of(cursor, query.digest, lambda: order_of(query)))
    note(ask.request, services, names_of(query), query.where)
    return Searched(release, resource, view, query, offset)


async def pay(ask: Ask, query: Question) -> None:
    """Take what the answer costs from the caller's quota."""
    await ask.services.admission.charge(ask.request, price_of(query), ask.services.tier_limits(ask.caller.actor))


async def _search(ask: Ask) -> dict[str, Any]:
    """One page: its records, its columns, how many there are in all, and the way on."""
    ask.given.only(datastore.PARAMETERS)
    form = ask.given.text("records_format", "objects")
    if form not in RECORDS:
        raise BadValue(f"`records_format`: expected {', '.join(RECORDS)}.", parameter="records_format")
    found = await searched(ask, datastore.DEFAULT_LIMIT, shared_limits().questions.datastore_page)
    records, rows, cursor = await _records(ask, found, RECORDS[form or ""])
    told = {
        "resource_id": found.resource,
        "records_format": form,
        "include_total": ask.given.flag("include_total", True),
        "limit": found.query.limit,
        "offset": found.offset,
        **datastore.echo(ask.given),
        "release": found.release.number,
        "fields": datastore.fields(site_of(ask.request, found.release), found.columns),
        "records": records,
        "_links": _links(ask, found, rows, cursor),
    }
    if ask.given.flag("include_total", True):
        total = await _total(ask, found.query)
        told |= {"total": total.count, "total_was_estimated": total.kind == "estimate"}
    return told


async def _records(ask: Ask, found: Searched, form: Records) -> tuple[Any, int, str | None]:
    """The records of a page, how many they are, and the cursor behind them."""
    if not found.query.limit:
        return form.join(b""), 0, ask.given.text("cursor")
    await pay(ask, found.query)
    statement = compiled(found.query, [form.line(found.fields)])
    limits = ask.services.tier_limits(ask.caller.actor)
    large = found.query.limit > ask.services.query_limits(ask.caller.actor).max_rows
    with ask.services.admission.export(ask.request, limits) if large else nullcontext():
        page = await text_page(ask.request, ask.services, found.release.number, statement, found.query)
    return form.join(page.text), page.rows, page.end or ask.given.text("cursor")


def _links(ask: Ask, found: Searched, rows: int, cursor: str | None) -> dict[str, str]:
    """Where the walk began and where it goes on, both on this release. Behind the last row it goes on to nothing, as
    clients expect, who end where no records come."""
    release = found.release.number
    start = ask.given.query(offset=None, cursor=None, release=release)
    following = ask.given.query(offset=found.offset + rows, cursor=cursor, release=release)
    return {"start": f"{PATH}?{start}", "next": f"{PATH}?{following}"}


async def _total(ask: Ask, query: Question) -> Total:
    """How many rows there are in all. Different ones are counted to the last."""
    limits, services = ask.services.tier_limits(ask.caller.actor), ask.services
    if isinstance(query, Query):
        question = counting(query.view, query.where)
        await services.admission.charge(ask.request, Price(cost=group_units(question)), limits)
        return await count_rows(ask.request, services, question, "exact")
    whole = replace(query, limit=None, after=None, offset=0, order=())
    await services.admission.charge(ask.request, Price(cost=group_units(whole)), limits)
    statement = counted(compile_groups(whole), _ALL)
    work = services.engine.fetch(statement, services.settings.statement_timeout, caller=ask.request.state.caller)
    ((count, *_),) = await until_disconnect(ask.request.receive, work)
    return Total(int(count), "exact")


async def _information(ask: Ask) -> dict[str, Any]:
    release = release_of(ask.request)
    resource, view = dataset_of(ask, release)
    total = await _total(ask, Query(view, view.columns))
    return datastore.information(view, site_of(ask.request, release), resource, total.count)


DATASTORE_ACTIONS = (
    CkanAction("datastore_search", "Rows of a resource, a page at a time.", datastore.PARAMETERS, _search),
    CkanAction(
        "datastore_info", "The columns of a resource and its number of rows.", ("id", "resource_id"), _information
    ),
)
"""The actions about rows."""
