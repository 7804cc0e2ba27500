"""/v1/datasets/{id}/withdrawals: the tombstones, by which a holder of a withdrawn row recognises it and nobody else.

A digest is the first 32 hexadecimal digits of SHA-256 over the dataset's id and the texts of the row's key, joined by
the unit separator U+001F. Why a row went is told in words that do not tell a repaired firm from an expired notice.
"""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import dumps
from gateway.doors.deps import CallerDep, DescribedDep, ReleaseDep, ServicesDep, only_parameters
from gateway.problems import BadValue
from gateway.web.answers import document_answer
from gateway.withdrawal.tombstones import are_told, tombstone_document

router = APIRouter()

_PARAMETERS = ("since", "after")


@router.api_route("/v1/datasets/{dataset}/withdrawals", methods=["GET", "HEAD"])
async def withdrawals(
    request: Request, view: DescribedDep, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """Withdrawn rows of a dataset, by day; `since` a day, `after` a digest of that day.

    Of a dataset whose tombstones are not told the list is empty.
    """
    only_parameters(request, _PARAMETERS)
    found = await services.withdrawals.tombstones(view.dataset) if are_told(release, view.dataset) else []
    start = (_since(request), request.query_params.get("after", ""))
    left = [entry for entry in found if (entry.since, entry.digest) > start]
    page = left[: services.settings.max_page_rows]
    following = None
    if len(page) < len(left):
        place = urlencode({"since": page[-1].since.isoformat(), "after": page[-1].digest})
        following = f"{request.url.path}?{place}"
    body = dumps(
        {
            "dataset": view.dataset,
            "total": len(found),
            "digest": "sha256(dataset U+001F key parts joined by U+001F), first 32 hexadecimal digits",
            "withdrawals": [tombstone_document(entry) for entry in page],
            "complete": following is None,
            "next": following,
        }
    )
    return await document_answer(request, body, cache=services.cache_control(caller.actor))


def _since(request: Request) -> date:
    text = request.query_params.get("since")
    if text is None:
        return date.min
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadValue("`since`: expected a day such as 2026-01-31.", parameter="since") from None
