"""Random requests of a caller who tries everything: visible and hidden columns, clear values, masks and nonsense."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson

from tests.gateway.policy.city import COLUMNS
from tests.gateway.policy.picks import Picks
from tests.gateway.policy.questions_ckan import ckan_address
from tests.gateway.policy.questions_codes import codes_address
from tests.gateway.policy.questions_odata import odata_address
from tests.gateway.policy.questions_ogc import ogc_address
from tests.gateway.policy.questions_open311 import open311_address
from tests.gateway.policy.questions_soda import soda_address
from tests.gateway.policy.questions_sql import sql_address
from tests.gateway.policy.worlds import Row

Ask = tuple[str, dict[str, str], bytes | None]
"""An address, its headers, and a body where it is sent one."""

_OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge", "in", "between", "prefix", "contains", "isnull", "nonsense")
_MEASURES = ("count", "distinct", "sum", "avg", "median", "min", "max", "nonsense")
_NONSENSE = (
    "",
    "0",
    "-1",
    "1",
    "true",
    "2026-02-01",
    "张",
    "139",
    "****",
    "C00007",
    "'",
    '"',
    "]",
    "a,b",
    "nan",
    "9" * 30,
)
_FIXED = (
    "/", "/healthz", "/openapi.json", "/v1/datasets", "/problems", "/v1/whoami", "/v1/releases", "/nothing",
    "/v1/datasets?x=1", "/v1/feeds/events.atom", "/v1/me/usage?since=2001-01-01&until=2001-01-02",
    "/v1/catalog", "/v1/catalog.ttl", "/v1/catalog.jsonld?limit=1", "/v1/catalog.rdf?after=cases", "/sitemap.xml",
    "/v1/catalog.ttl?modified_since=2024-05-02", "/v1/catalog.ttl?modified_since=x", "/robots.txt",
)  # fmt: skip
_PARTS = (
    "",
    "/access",
    "/withdrawals",
    "/events.atom",
    "/rows",
    "/rows.csv",
    "/rows.json",
    "/rows/cost",
    "/rows?release=1",
    "/rows?release=2",
    "/changes?since=1",
    "/changes?since=1&limit=1",
    "/changes",
    "/files/{d}.csv",
    "/files/{d}.parquet",
    ".ttl",
    ".jsonld",
    ".rdf",
    ".x",
    "/datapackage.json",
    "/croissant.json",
    "/schema-org.jsonld",
    "/core-metadata.json",
    "/contract.yaml",
    "/contract.yaml?release=1",
    ".ttl?release=1",
)
_ACCEPT = ("application/json", "text/turtle", "text/csv", "text/html", "*/*", "image/png")


@dataclass
class Questions:
    """A seeded stream of requests. `values` are cell values of every city, hidden ones included. `left_out` are columns
    that the caller sees in aggregates only, where the two cities differ in them: they are asked of rows only.
    `compared` are those whose hidden values the caller may verify: nothing is claimed of them."""

    seed: int
    visible: dict[str, list[str]]
    values: dict[str, Sequence[Any]]
    left_out: dict[str, list[str]] = field(default_factory=dict)
    compared: dict[str, list[str]] = field(default_factory=dict)
    known: list[Ask] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def next(self) -> Ask:
        """One request. Now and then one that an earlier answer led to."""
        rng = self._random
        if self.known and rng.random() < 0.15:
            return self.known.pop(rng.randrange(len(self.known)))
        if rng.random() < 0.03:
            return self._verification()
        return *self._get(), None

    def _get(self) -> tuple[str, dict[str, str]]:
        rng = self._random
        headers: dict[str, str] = {}
        if rng.random() < 0.2:
            headers["Accept"] = rng.choice(_ACCEPT)
        if rng.random() < 0.1:
            headers["Accept-Encoding"] = "gzip"
        if rng.random() < 0.1:
            headers["CivicLake-Purpose"] = rng.choice(("statistics", "audit", "other"))
        if rng.random() < 0.08:
            return rng.choice(_FIXED), headers
        seen = [name for name, columns in self.visible.items() if columns]
        dataset = rng.choice(seen if seen and rng.random() < 0.6 else [*COLUMNS, "nothing"])
        if rng.random() < 0.3:
            if rng.random() < 0.3:
                headers["Range"] = f"bytes={rng.randrange(400)}-{rng.randrange(900)}"
            return f"/v1/datasets/{dataset}{rng.choice(_PARTS).format(d=dataset)}", headers
        if rng.random() < 0.03:
            return sql_address(self._picks(dataset), rng.choice((dataset, *COLUMNS))), headers
        if rng.random() < 0.2:
            return self._facade(dataset), headers
        if rng.random() < 0.35:
            return f"/v1/datasets/{dataset}/{self._groups(dataset)}", headers
        if rng.random() < 0.06:
            return f"/datasets/{dataset}?{urlencode(self._parameters(dataset))}", headers
        suffixes = ("", "", ".csv", ".json", ".ndjson", ".xlsx", ".fgb", "/cost")
        door = f"rows{rng.choice(suffixes)}"
        return f"/v1/datasets/{dataset}/{door}?{urlencode(self._parameters(dataset))}", headers

    def learn(self, ask: Ask, answer: httpx.Response) -> None:
        """Keep the ways on that an answer shows: its next page, and itself with its entity tag."""
        path, headers, _ = ask
        link = answer.headers.get("Link", "")
        if link.startswith("<"):
            self.known.append((link[1:].partition(">")[0], headers, None))
        if "ETag" in answer.headers and self._random.random() < 0.1:
            self.known.append((path, headers | {"If-None-Match": answer.headers["ETag"]}, None))

    def _verification(self) -> Ask:
        """Claims about a row, most of them about one there is, in one city or the other."""
        rng = self._random
        dataset = rng.choice([name for name, columns in self.visible.items() if columns] or ["nothing"])
        allowed = [name for name in COLUMNS.get(dataset, {}) if name not in self.compared.get(dataset, ())]
        claimed = [name for name in rng.sample(allowed, min(3, len(allowed))) if name != "case_no"]
        key = {rng.choice(("case_no",) * 9 + ("name",)): str(rng.choice(self._values("case_no")))}
        claims = {name: str(rng.choice(self._values(name))) for name in claimed}
        headers = {"Content-Type": "application/json"}
        return f"/v1/datasets/{dataset}/verify", headers, orjson.dumps({"key": key, "claims": claims})

    def _facade(self, dataset: str) -> str:
        """An address of another system's way of asking."""
        doors = (ogc_address, ckan_address, open311_address, odata_address, soda_address, codes_address)
        return self._random.choice(doors)(self._picks(dataset))

    def _picks(self, dataset: str) -> Picks:
        """What a request about a dataset is made of."""
        column, told = partial(self._column, dataset), partial(self._told, dataset)
        return Picks(self._random, dataset, column, told, lambda name: self._random.choice(self._values(name)))

    def _values(self, column: str) -> Sequence[Any]:
        return self.values.get(column) or _NONSENSE

    def _parameters(self, dataset: str) -> list[tuple[str, str]]:
        rng = self._random
        found = [self._condition(dataset) for _ in range(rng.choice((0, 1, 1, 2)))]
        if rng.random() < 0.1:
            found.append((rng.choice(("q", "q", "near", "bbox")), str(rng.choice(_NONSENSE))))
        if rng.random() < 0.3:
            found.append(("select", ",".join(self._column(dataset) for _ in range(rng.choice((1, 1, 2, 3))))))
        if rng.random() < 0.4:
            found.append(
                ("order", ",".join(rng.choice(("", "-")) + self._column(dataset) for _ in range(rng.choice((1, 2)))))
            )
        if rng.random() < 0.6:
            found.append(("limit", str(rng.choice((1, 2, 5, 10, 70, 0, "x")))))
        if rng.random() < 0.15:
            found.append(("total", rng.choice(("exact", "estimate", "none", "x"))))
        return found

    def _groups(self, dataset: str) -> str:
        """An address of groups, values, facets or totals with its parameters."""
        rng = self._random
        door = rng.choice(("aggregate", "aggregate", "aggregate.csv", "aggregate.xml", "distinct", "facets", "count"))
        found = [self._condition(dataset, self._told(dataset)) for _ in range(rng.choice((0, 0, 1, 2)))]
        keys = [
            self._told(dataset) + rng.choice(("", "", "__month", "__nonsense")) for _ in range(rng.choice((0, 1, 2)))
        ]
        figures = [f"{self._told(dataset)}__{rng.choice(_MEASURES)}" for _ in range(rng.choice((0, 1, 2)))]
        if door.startswith("aggregate"):
            found += [("group", ",".join(keys))] if keys else []
            found += [("measure", ",".join(["count", *figures]))] if rng.random() < 0.7 else []
            found += (
                [("having", rng.choice(("count__ge=3", "count=1", "x=1", "count__lt=99")))]
                if rng.random() < 0.3
                else []
            )
            found += [("order", rng.choice(("-count", "count", *keys)))] if rng.random() < 0.3 else []
        elif door == "distinct":
            found.append(("column", self._told(dataset)))
        elif door == "facets":
            found += [("facets", ",".join(keys)), ("own", rng.choice(("apply", "ignore"))), ("top", "3")]
        if rng.random() < 0.3:
            found.append(("total", "exact") if door == "count" else ("limit", rng.choice(("1", "3", "50"))))
        return f"{door}?{urlencode(found)}"

    def _condition(self, dataset: str, column: str | None = None) -> tuple[str, str]:
        rng = self._random
        column = self._column(dataset) if column is None else column
        operator = rng.choice(_OPERATORS)
        value = str(rng.choice(self.values.get(column) or _NONSENSE)) if rng.random() < 0.8 else rng.choice(_NONSENSE)
        if operator in ("prefix", "contains"):
            start = rng.randrange(3)
            value = value[start : start + rng.choice((1, 3, 8))]
        if operator == "between":
            value = f"{value},{rng.choice(_NONSENSE)}"
        if operator == "isnull":
            value = rng.choice(("true", "false"))
        return (column if operator == "eq" else f"{column}__{operator}"), value

    def _column(self, dataset: str) -> str:
        rng = self._random
        if self.visible.get(dataset) and rng.random() < 0.75:
            return rng.choice(self.visible[dataset])
        return rng.choice([*COLUMNS.get(dataset, {}), "poney", "#ordinal", "rowid"])

    def _told(self, dataset: str) -> str:
        """A column by which groups may be asked for."""
        column = self._column(dataset)
        return "poney" if column in self.left_out.get(dataset, ()) else column


def values_of(*cities: dict[str, list[Row]]) -> dict[str, list[Any]]:
    """Cell values of several cities by column, and what masks leave of some."""
    found: dict[str, list[Any]] = {}
    for city in cities:
        for rows in city.values():
            for row in rows[:20]:
                for name, value in row.items():
                    found.setdefault(name, []).append(value)
    found["name"] += ["张*", "李*"]
    found["phone"] += ["138****0007", "****"]
    return found
