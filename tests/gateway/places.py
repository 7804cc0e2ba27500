"""A small dataset of places, some of them nowhere, with texts to search."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.gateway.fake_policy import policy_over, put_policy
from tests.gateway.fake_release import dataset_entry, publish_rows

PLACES = dataset_entry(
    "places",
    {
        "id": ("INTEGER", "L1"),
        "name": ("VARCHAR", "L1"),
        "street": ("VARCHAR", "L1"),
        "lon": ("DOUBLE", "L1"),
        "lat": ("DOUBLE", "L1"),
        "secret": ("VARCHAR", "L3"),
    },
    ("id",),
)


def places(count: int = 300) -> list[dict[str, Any]]:
    """The rows; a fixed seed."""
    rng = random.Random(7)
    words = ("人民公园", "火车站 North", "市民中心", "Harbour", "图书馆", 'a "quoted" <b> & c', "")
    odd = (None, float("nan"), float("inf"), 500.0)
    return [
        {
            "id": number,
            "name": rng.choice(words),
            "street": rng.choice(("长江路", "Park Road", "黄河路", None)),
            "lon": rng.uniform(120.0, 120.4) if number % 11 else rng.choice(odd),
            "lat": rng.uniform(30.0, 30.4) if number % 13 else rng.choice(odd),
            "secret": f"图书馆{number}",
        }
        for number in range(count)
    ]


def publish_places(home: Path, rows: list[dict[str, Any]]) -> None:
    """Publish the places and open them to the public."""
    publish_rows(home, 1, [PLACES], {"places": rows})
    put_policy(home, policy_over([PLACES]))
