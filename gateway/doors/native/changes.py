"""/v1/datasets/{id}/changes: rows that came, went or changed since an earlier release, as the caller sees both today.

Both releases are seen under today's policy and without the rows that are withdrawn today: what was withdrawn is told
by /withdrawals alone. A row that was there before and is not seen any more is told as deleted.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import dumps
from gateway.doors.deps import Caller, CallerDep, ServicesDep, only_parameters, visible
from gateway.doors.native.deliver import place_of
from gateway.doors.native.pinned import pinned
from gateway.doors.native.rows import note
from gateway.problems import BadValue, NotFound, NotPermitted
from gateway.query.compile_changes import Changes, compile_changes, shared_columns
from gateway.query.cursor import Cursor
from gateway.query.grouping import GroupedQuery, Key
from gateway.query.parse import parse_limit
from gateway.quota.admission import record_of
from gateway.quota.group_cost import group_units
from gateway.quota.meter import Price
from gateway.services import Services
from gateway.view.view import View
from gateway.web.answers import VARY, body_answer, coding_of, unchanged
from gateway.web.conditional import make_etag
from gateway.web.disconnect import until_disconnect

router = APIRouter()

_PARAMETERS = ("since", "release", "limit", "cursor")


@router.api_route("/v1/datasets/{dataset}/changes", methods=["GET", "HEAD"])
async def changes(dataset: str, request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """A page of changes, by key."""
    only_parameters(request, _PARAMETERS)
    release, cursor = await pinned(request, services)
    view = visible(release, caller, dataset, "read")
    since = _since(request, release.number)
    with services.shelf.lease() as lease:  # a second hold: both releases stay open until the answer is made
        if not await lease.change_to(since) or lease.release is None:
            raise NotFound("There is no such release.")
        before = lease.release.view(dataset, caller.actor, caller.purpose, "read")
        asked = _asked(request, services, caller, (before, view))
        digest = _digest(asked, since)
        asked = Changes(
            asked.before, asked.after, asked.columns, asked.limit, place_of(cursor, digest, lambda: asked.terms)
        )
        note(request, services, tuple(column.name for column in asked.columns), ())
        headers = {
            "Cache-Control": services.cache_control(caller.actor),
            "Vary": VARY,
            "CivicLake-Release": str(release.number),
        }
        editions = (asked.before.edition, view.edition, digest, str(asked.limit), str(coding_of(request)))
        etag = make_etag("changes", *editions, request.query_params.get("cursor", ""))
        same = unchanged(request, etag, headers)
        if same is not None:
            return same
        await _pay(request, services, caller, asked)
        timeout = services.settings.statement_timeout
        work = services.engine.fetch(compile_changes(asked), timeout, caller=request.state.caller)
        fetched = await until_disconnect(request.receive, work)
    page = fetched[: asked.limit]
    record_of(request).handed(len(page))
    following = None
    if len(page) < len(fetched):
        sealed = services.signer.seal(Cursor.at(release.number, digest, page[-1][1:]))
        kept = [(name, text) for name, text in request.query_params.multi_items() if name != "cursor"]
        following = f"{request.url.path}?{urlencode([*kept, ('cursor', sealed)])}"
        headers["Link"] = f'<{following}>; rel="next"'
    headers["CivicLake-Complete"] = str(following is None).lower()
    body = dumps(
        {
            "dataset": dataset,
            "since": since,
            "release": release.number,
            "key": [column.name for column in view.key],
            **_schema(asked),
            "withdrawals": f"/v1/datasets/{dataset}/withdrawals",
            "complete": following is None,
            "next": following,
            "changes": [orjson.Fragment(text) for text, *_ in page],
        }
    )
    return await body_answer(request, body, etag=etag, media_type="application/json", headers=headers)


def _since(request: Request, release: int) -> int:
    text = request.query_params.get("since", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) <= release):
        raise BadValue(f"`since`: expected the number of a release up to {release}.", parameter="since")
    return int(text)


def _asked(request: Request, services: Services, caller: Caller, views: tuple[View | None, View]) -> Changes:
    """The question. NotFound where the caller sees nothing of the dataset in the earlier release, NotPermitted where
    it does not see the key by which rows of the two releases are the same."""
    before, view = views
    if before is None:
        raise NotFound("There is no such dataset in that release.")
    if not view.key or [(c.name, c.kind) for c in before.key] != [(c.name, c.kind) for c in view.key]:
        raise NotPermitted("Changes are told by the key of the rows, which you do not see in clear in both releases.")
    limits = services.query_limits(caller.actor)
    default = services.settings.default_page_rows
    limit = parse_limit(request.query_params.get("limit"), limits.max_rows, default) or default
    return Changes(before, view, shared_columns(before, view), limit)


def _digest(asked: Changes, since: int) -> str:
    parts = ["changes", asked.after.dataset, asked.before.policy, asked.after.policy, since]
    return hashlib.sha256(orjson.dumps([*parts, [c.name for c in asked.columns]])).hexdigest()


async def _pay(request: Request, services: Services, caller: Caller, asked: Changes) -> None:
    """Both relations are read whole and laid side by side, as groups by the key would be."""
    keys = tuple(Key(column) for column in asked.columns)
    units = sum(group_units(GroupedQuery(view=view, keys=keys, figures=())) for view in (asked.before, asked.after))
    await services.admission.charge(request, Price(cost=units), services.tier_limits(caller.actor))


def _schema(asked: Changes) -> dict[str, Any]:
    """Columns that are not compared, because only one of the two releases has them, or of another type."""
    compared = {column.name for column in asked.columns}
    return {
        "columns_added": [c.name for c in asked.after.columns if c.name not in compared],
        "columns_removed": [c.name for c in asked.before.columns if c.name not in compared],
    }
