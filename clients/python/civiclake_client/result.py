"""An answer in rows: Arrow batches that come page by page, or all of them as a table or data frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from civiclake_client.link import Link, Parameters
from civiclake_client.problems import BadRequestError, CivicLakeError

if TYPE_CHECKING:
    import httpx
    import pandas as pd
    import polars as pl

LARGE_PAGE, PAGE = 10_000, 1_000
"""Rows of a page that are asked for first, and where the caller may not have so many."""


@dataclass(frozen=True)
class Page:
    """Some rows: of which release, whether small groups were withheld, the answer's tag, and where it goes on."""

    table: pa.Table
    release: int
    withheld: bool
    etag: str
    following: str | None


class Result:
    """Rows of one release. To iterate gives record batches and asks anew each time; pages are read as they are needed.

    `release` and `withheld` are known once the first batch has come.
    """

    def __init__(self, pages: Callable[[], Iterator[Page]]) -> None:
        self._pages = pages
        self.release: int | None = None
        self.withheld = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for page in self._told():
            yield from page.table.to_batches()

    def to_arrow(self) -> pa.Table:
        """All rows as a table."""
        return pa.concat_tables([page.table for page in self._told()])

    def to_pandas(self) -> pd.DataFrame:
        """All rows as a data frame of pandas, its columns of Arrow types: numbers and dates stay exact."""
        import pandas as pd

        frame: pd.DataFrame = self.to_arrow().to_pandas(types_mapper=pd.ArrowDtype)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """All rows as a data frame of polars."""
        import polars as pl

        frame = pl.from_arrow(self.to_arrow())
        if not isinstance(frame, pl.DataFrame):
            raise TypeError("A table becomes a data frame.")
        return frame

    def _told(self) -> Iterator[Page]:
        for page in self._pages():
            self.release, self.withheld = page.release, page.withheld
            yield page


def walk(link: Link, path: str, parameters: Parameters, most: int | None = None) -> Iterator[Page]:
    """The pages of an answer to its end, or to so many rows. All are of the release of the first one.

    Raises ReleaseMovedError when that release goes before the walk has ended.
    """
    page = page_of(first_page(link, path, [*parameters, ("format", "arrow")], most))
    while True:
        if most is not None:
            page = Page(page.table.slice(0, most), page.release, page.withheld, page.etag, page.following)
            most -= page.table.num_rows
        yield page
        if page.following is None or most == 0:
            return
        page = page_of(link.get(page.following))


def first_page(link: Link, path: str, parameters: Parameters, most: int | None = None) -> httpx.Response:
    """The first page of an answer, as large as the caller may have and needs."""
    if most is not None and most <= PAGE:
        return link.get(path, [*parameters, ("limit", str(most))])
    try:
        return link.get(path, [*parameters, ("limit", str(min(most or LARGE_PAGE, LARGE_PAGE)))])
    except BadRequestError as problem:
        if problem.members.get("parameter") != "limit":
            raise
        return link.get(path, [*parameters, ("limit", str(PAGE))])


def page_of(response: httpx.Response) -> Page:
    """The rows of an answer in Arrow."""
    with pa.ipc.open_stream(response.content) as reader:
        table = reader.read_all()
    told = response.headers
    return Page(
        table,
        int(told["CivicLake-Release"]),
        told.get("CivicLake-Withheld") == "true",
        told.get("ETag", ""),
        following(response),
    )


def following(response: httpx.Response) -> str | None:
    """The address of the next page. It is never another server's: the key goes there."""
    found = response.links.get("next", {}).get("url")
    if found is not None and (not found.startswith("/") or found.startswith("//")):
        raise CivicLakeError("The next page is said to be on another server.")
    return found
