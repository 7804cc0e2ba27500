"""The door to a city: its datasets, its releases, questions in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import httpx

from civiclake_client.dataset import Dataset
from civiclake_client.link import Link, Patience
from civiclake_client.problems import IncompleteError
from civiclake_client.result import Page, Result, page_of

_AGENT = "civiclake-client/0.1"


class Client:
    """One gateway, asked by the public or with a key. Use it in `with`, or close it.

    `purpose` is what the data is wanted for, where a grant asks that it is stated. `timeout` is in seconds,
    `transport` for those whose way there is a special one.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        purpose: str | None = None,
        *,
        timeout: float = 60,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"User-Agent": _AGENT}
        if key is not None:
            headers["X-API-Key"] = key
        if purpose is not None:
            headers["CivicLake-Purpose"] = purpose
        http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout, transport=transport)
        self._link = Link(http, patience or Patience())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._link.close()

    def datasets(self, release: int | None = None) -> list[dict[str, Any]]:
        """Every dataset that you may read, or read about."""
        found: list[dict[str, Any]] = self._link.json(
            "/v1/datasets", [] if release is None else [("release", str(release))]
        )["datasets"]
        return found

    def dataset(self, name: str) -> Dataset:
        """The dataset of that id."""
        return Dataset(self._link, name)

    def releases(self) -> list[dict[str, Any]]:
        """The releases that can be read, the newest first."""
        found: list[dict[str, Any]] = self._link.json("/v1/releases")["releases"]
        return found

    def sql(self, sql: str, *, release: int | None = None, partial: bool = False) -> Result:
        """The answer to one SELECT over datasets by their ids; it needs a key.

        Raises IncompleteError when rows were cut off, unless a part of them will do.
        """
        body: dict[str, Any] = {"sql": sql, "format": "arrow"}
        if release is not None:
            body["release"] = release

        def ask() -> Iterator[Page]:
            response = self._link.post("/v1/sql", body)
            if response.headers.get("CivicLake-Complete") == "false" and not partial:
                raise IncompleteError("There are more rows than one answer may have: add LIMIT, or ask for less.")
            yield page_of(response)

        return Result(ask)
