"""A walk that a facade leads stays on its release, whatever lands meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.gateway.conftest import client_over, wait_for
from tests.gateway.facades.lamps import COUNT, publish_lamps

OGC, ODATA = "/ogc/collections/lamps/items?limit=60", "/odata/lamps?$orderby=watts"
SMALL = {"Prefer": "maxpagesize=60"}


def names(page: Any) -> list[str]:
    """The lamps of a page of either form."""
    if "features" in page:
        return [feature["id"] for feature in page["features"]]
    return [lamp["lamp_no"] for lamp in page["value"]]


def onwards(page: Any) -> str | None:
    """The way on from a page of either form."""
    links = [link["href"] for link in page.get("links", ()) if link["rel"] == "next"]
    return links[0] if links else page.get("@odata.nextLink")


def release_of(client: httpx.Client) -> int:
    return int(client.get("/healthz").json()["release"])


def test_walks_give_every_row_of_their_release_once(tmp_path: Path) -> None:
    publish_lamps(tmp_path)
    with client_over(tmp_path) as client:
        begun = [client.get(address, headers=SMALL).json() for address in (OGC, ODATA)]
        publish_lamps(tmp_path, 2, count=9)
        wait_for(lambda: release_of(client) == 2)
        for page in begun:
            found, following = names(page), onwards(page)
            assert len(found) == 60
            while following is not None:
                answer = client.get(following, headers=SMALL)
                assert answer.headers["CivicLake-Release"] == "1"
                found += names(answer.json())
                following = onwards(answer.json())
            assert sorted(found) == [f"L{n:04d}" for n in range(COUNT)]
        assert [len(names(client.get(address).json())) for address in (OGC, ODATA)] == [9, 9]
