"""How a dataset is read with the programs people have: lines to copy, made from what its caller sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from gateway.doors.native.describe import file_link
from gateway.view.view import View

_KEY = "X-API-Key"
_SOME = 1000
"""Rows of an example for those who may read, and not take everything at once."""


@dataclass(frozen=True)
class Reader:
    """Who copies the lines: at which `origin` it asks, whether it has a key, whether it may have all rows in one go,
    and the number of the release it asked for, if any."""

    origin: str
    keyed: bool
    whole: bool
    release: int | None = None


def howto(view: View, reader: Reader) -> dict[str, str]:
    """A line for each program, by its name; none where there are no rows to read."""
    if not view.readable:
        return {}
    root = f"{reader.origin}/v1/datasets/{view.dataset}"
    pinned = {} if reader.release is None else {"release": reader.release}
    asked = pinned if reader.whole else {**pinned, "limit": _SOME}
    csv, sheet, columns = (f"{root}/rows.{form}{_query(asked)}" for form in ("csv", "xlsx", "parquet"))
    city = f'civiclake_client.Client("{reader.origin}"' + (', key="…")' if reader.keyed else ")")
    release = "" if reader.release is None else f"release={reader.release}"
    file = next((file for file in view.distributions if file.format == "parquet" and file.sha256), None)
    if file is not None:  # of which only those parts are fetched that a question needs
        columns = f"{reader.origin}{file_link(view, file)}{_query(pinned)}"
    secret = f"CREATE SECRET (TYPE http, EXTRA_HTTP_HEADERS MAP {{'{_KEY}': '…'}}); " if reader.keyed else ""
    return {
        "curl": f'curl {_header(reader)}"{csv}" -o {view.dataset}.csv',
        "python": f'{city}.dataset("{view.dataset}").rows({release}).to_pandas()',
        "r": f'read.csv({_connection(csv, reader)}, encoding = "UTF-8")',
        "excel": f"{reader.origin}/odata" if reader.keyed else sheet,
        "duckdb": f"{secret}SELECT * FROM read_parquet('{columns}')",
    }


def _query(parameters: dict[str, int]) -> str:
    return f"?{urlencode(parameters)}" if parameters else ""


def _header(reader: Reader) -> str:
    return f'-H "{_KEY}: $KEY" ' if reader.keyed else ""


def _connection(address: str, reader: Reader) -> str:
    """The address as R reads it; a key stands in a header."""
    return f'url("{address}", headers = c("{_KEY}" = Sys.getenv("KEY")))' if reader.keyed else f'"{address}"'
