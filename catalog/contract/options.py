"""What ODCS does not say about a feed: the typed custom properties of contract, table and column."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["L1", "L2", "L3", "L4"]
Extent = Literal["unconditional", "conditional", "none"]
Classification = Literal["general", "important", "core"]
DeliveryMode = Literal["snapshot", "append", "upsert", "delta"]


class Strict(BaseModel):
    """Base of every authored object: unknown keys are refused, instances are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(Strict):
    """A name in Chinese and in English; both are required."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class HttpTransport(Strict):
    """A paged HTTP JSON interface. `base_url` and `token` may hold `${NAME}` references to the environment."""

    kind: Literal["http"]
    base_url: str
    token: str | None = None
    allow_private: bool = False
    requests_per_second: float = 20.0


class FolderTransport(Strict):
    """Files dropped into a folder (a mount of the department's SFTP directory)."""

    kind: Literal["folder"]
    path: str


class SqlTransport(Strict):
    """A relational database reached by a SQLAlchemy URL, read inside one read-only transaction per pull."""

    kind: Literal["sql"]
    url: str
    allow_private: bool = False


Transport = Annotated[HttpTransport | FolderTransport | SqlTransport, Field(discriminator="kind")]


class HttpSource(Strict):
    """Where one table of an HTTP feed is: path, paging and change-window parameters.

    The pull of business date D asks for records changed in [D 00:00, D+1 00:00) local time.
    """

    kind: Literal["http"] = "http"
    path: str
    items: str = "items"
    next_cursor: str = "next_cursor"
    cursor_param: str = "cursor"
    since_param: str = "updated_since"
    before_param: str = "updated_before"
    page_size_param: str = "page_size"
    page_size: int = 500


class FolderSource(Strict):
    """Which files of a folder belong to a table.

    `pattern` is a regular expression over the relative path (`/` separated); the named groups
    `date` (yyyymmdd, yyyy-mm-dd, yyyymm or yyyy) and, optionally, `version` are read from it.
    Without a `date` group `fixed_date` says the business date.
    """

    kind: Literal["folder"] = "folder"
    pattern: str
    fixed_date: date | None = None


class SqlSource(Strict):
    """One table of a SQL feed: rows whose `updated_at` lies in the day; hard deletes by comparing all keys."""

    kind: Literal["sql"] = "sql"
    table: str
    updated_at: str
    batch_rows: int = 50_000


Source = Annotated[HttpSource | FolderSource | SqlSource, Field(discriminator="kind")]


class CsvFormat(Strict):
    """Delimited text. `encoding` is decoded strictly; a byte that does not fit holds the batch."""

    kind: Literal["csv"]
    encoding: Literal["utf-8", "utf-8-sig", "gb18030", "utf-16", "latin-1"] = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    skip_rows: int = 0
    compression: Literal["none", "gzip", "zip"] = "none"


class JsonFormat(Strict):
    """JSON document whose records are the array at `items` (dotted path; empty = the document is the array)."""

    kind: Literal["json"]
    items: str = ""
    compression: Literal["none", "gzip", "zip"] = "none"


class GeoJsonFormat(Strict):
    """GeoJSON feature collection. Columns are the features' properties, and `@x`, `@y`, `@geometry`, `@crs`.

    `@crs` is what the collection says of its reference system, `@x` and `@y` the position of a point.
    """

    kind: Literal["geojson"]
    compression: Literal["none", "gzip", "zip"] = "none"


class NdjsonFormat(Strict):
    """One JSON record a line (what the SQL connector lands)."""

    kind: Literal["ndjson"]
    compression: Literal["none", "gzip", "zip"] = "none"


class XlsxFormat(Strict):
    """Excel workbook (XLS or XLSX).

    `sheets`: regular expression of the sheet names that carry data; `header_contains`: a header cell
    by which the header row is found under title rows.
    """

    kind: Literal["xlsx"]
    sheets: str = ".*"
    header_contains: str | None = None


class XmlFormat(Strict):
    """XML; `record` is the element name of one record, its children are the columns. Entities are never expanded."""

    kind: Literal["xml"]
    record: str
    encoding: Literal["declared", "gb18030", "utf-8"] = "declared"


class ShapefileFormat(Strict):
    """Zipped Shapefile: one .shp with its .dbf; `encoding` holds where no .cpg file names another.

    Columns are the fields of the DBF (also under names cut after ten bytes), and `@x`, `@y`, `@geometry`, `@crs`:
    the position of a point or of the middle of another shape's box, its kind, and the text of the .prj file.
    """

    kind: Literal["shapefile"]
    encoding: Literal["utf-8", "gb18030"] = "gb18030"


class ParquetFormat(Strict):
    """Parquet. `key` opens a file with encryption of the Parquet standard: `${NAME}` references to the environment,
    which holds 16, 24 or 32 bytes in hexadecimal; such a file stays encrypted in the landing."""

    kind: Literal["parquet"]
    key: str | None = None


Format = Annotated[
    CsvFormat | JsonFormat | GeoJsonFormat | NdjsonFormat | XlsxFormat | XmlFormat | ShapefileFormat | ParquetFormat,
    Field(discriminator="kind"),
]


class Variant(Strict):
    """One way a table is delivered; the first variant whose source matches a landed object reads it."""

    source: Source
    format: Format


class BatchLimits(Strict):
    """Thresholds of the batch rules (B1-B7); a batch beyond them is held whole."""

    max_bad_share: float = 0.02
    bad_share_min_rows: int = 100
    volume_z: float = 4.0
    volume_min_history: int = 8


class Lateness(Strict):
    """How far back a delivery may reach: files and corrections older than this many days are refused as B6."""

    days: int = Field(ge=0)


class Retry(Strict):
    """Transport patience: attempts per request and seconds for a whole pull."""

    attempts: int = 6
    deadline_seconds: int = 900


class Limits(Strict):
    """Size limits of one landed object, against decompression bombs and runaway pages."""

    max_object_bytes: int = 2_000_000_000
    max_unpacked_bytes: int = 8_000_000_000
    max_ratio: float = 200.0


class FeedOptions(Strict):
    """Contract-level custom properties."""

    title: Title
    transport: Transport
    start_date: date
    lateness: Lateness
    owner_org: str
    steward: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    batch: BatchLimits = BatchLimits()
    retry: Retry = Retry()
    limits: Limits = Limits()
    source_of_truth: tuple[str, ...] = ()


class TableOptions(Strict):
    """Table-level custom properties.

    `version_at`: column that orders versions of a key. `deletes`: how removals are learned
    (`none`; `key_snapshot`: the SQL connector lands all keys each pull; `absence`: a row missing
    from a snapshot is gone; `flag`: a column says so, as an SQL condition in `delete_when`).
    """

    title: Title
    delivery: DeliveryMode
    variants: tuple[Variant, ...] = Field(min_length=1)
    version_at: str | None = None
    deletes: Literal["none", "key_snapshot", "absence", "flag"] = "none"
    delete_when: str | None = None
    optional: bool = False


class ColumnOptions(Strict):
    """Column-level custom properties.

    `aliases`: header names under which the column arrives (besides its `physicalName`), by version of the
    layout. `formats`: strptime formats tried in order for dates and times, or `excel_serial`, `epoch_s`,
    `epoch_ms`, `roc` (Republic of China years in any usual spelling). `fold`: full-width digits, letters and
    signs are folded to ASCII before typing. `null_values`: texts that mean nothing was given.
    `unit`: unit of the delivered number.
    """

    title: Title
    aliases: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    fold: bool = False
    trim: bool = True
    null_values: tuple[str, ...] = ("",)
    unit: str | None = None
    personal: bool = False


class RuleOptions(Strict):
    """Rule-level custom properties: the columns named in a quarantine record; `on: raw` tests the delivered text.

    `aggregate: true` marks a block rule computed once over the batch (an aggregate expression).
    """

    columns: tuple[str, ...] = ()
    on: Literal["typed", "raw"] = "typed"
    aggregate: bool = False
