"""How each column of a contract is read from delivered text: SQL expressions, declared types before any guess."""

from __future__ import annotations

from catalog.contract.model import Column, Table
from catalog.contract.options import ColumnOptions
from catalog.texts import BLANKS, FULL_WIDTH, HALF_WIDTH
from expectations.routing import Reading
from expectations.sql import identifier, literal

NATIVE_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d")
EXCEL_LAST_DAY = 2_958_465
EPOCH_LIMIT_SECONDS = 253_402_300_799  # the last second of the year 9999
FOLDED_TYPES = ("integer", "number", "boolean", "date", "timestamp")
TRUE_WORDS = ("true", "t", "yes", "y", "1", "是")
FALSE_WORDS = ("false", "f", "no", "n", "0", "否")

ROC_WORDS = "^(中華民國|中华民国|民國|民国)"
ROC_PARTED = r"^(\d{1,3})[^0-9]+(\d{1,2})[^0-9]+(\d{1,2})[^0-9]*$"
ROC_SOLID = r"^(\d{2,3})(\d{2})(\d{2})$"


def readings(table: Table, *, timezone: str, native_dates: bool = False) -> list[Reading]:
    """One Reading per column of `table`, in contract order.

    `timezone` is the city's: instants (epochs, text with an offset) become its wall-clock time. `native_dates`
    says that date cells of the source arrive as ISO text whatever the contract's formats say (spreadsheets).
    """
    return [_reading(column, timezone, native_dates=native_dates) for column in table.properties]


def _reading(column: Column, timezone: str, *, native_dates: bool) -> Reading:
    return Reading(
        column.name, column.physical_type, clean_text(column), typed_value(column, timezone, native_dates=native_dates)
    )


def clean_text(column: Column) -> str:
    """Expression over the raw column: folded and trimmed text, NULL when nothing was given."""
    options = column.options
    text, cases = identifier(column.name), list[str]()
    trims = options.trim or column.logical_type in FOLDED_TYPES
    if options.fold or column.logical_type in FOLDED_TYPES:
        folded = f"translate({text}, {literal(FULL_WIDTH)}, {literal(HALF_WIDTH)})"
        wide = f"{_beyond_ascii(text)} AND regexp_matches({text}, '[\uff01-\uff5e\u3000]')"
        cases.append(f"WHEN {wide} THEN {_trimmed(folded) if trims else folded}")
    if trims:
        cases.append(f"WHEN {_has_blank_edges(text)} THEN {_trimmed(text)}")
    return _without_nulls(f"CASE {' '.join(cases)} ELSE {text} END" if cases else text, options)


def _beyond_ascii(text: str) -> str:
    """Bytes equal characters only in plain ASCII: the quickest test there is."""
    return f"strlen({text}) <> length({text})"


def _trimmed(text: str) -> str:
    return f"trim({text}, {literal(BLANKS)})"


def _has_blank_edges(text: str) -> str:
    """Whether `text` begins or ends with a blank; a third of the cost of trimming, and most texts need none."""
    ends = " OR ".join(f"suffix({text}, {literal(blank)})" for blank in BLANKS if blank.isascii())
    rare = "".join(blank for blank in BLANKS if not blank.isascii())
    edge = f"{_beyond_ascii(text)} AND regexp_matches({text}, '^[{rare}]|[{rare}]$')"
    return f"{text} < '!' OR {ends} OR ({edge})"


def _without_nulls(text: str, options: ColumnOptions) -> str:
    words = tuple(dict.fromkeys(("", *options.null_values)))
    if len(words) == 1:
        return f"nullif({text}, '')"
    listed = ", ".join(literal(word) for word in words)
    return f"CASE WHEN {text} NOT IN ({listed}) THEN {text} END"


def typed_value(column: Column, timezone: str, *, native_dates: bool = False) -> str:
    """Expression over `{text}` (cleaned text): the value in the declared type, NULL when it is none."""
    kind = column.physical_type.upper()
    if column.logical_type == "string":
        return "{text}" if kind == "VARCHAR" else f"TRY_CAST({{text}} AS {kind})"
    if column.logical_type == "integer":
        return f"CASE WHEN regexp_full_match({{text}}, '[+-]?[0-9]+(\\.0+)?') THEN TRY_CAST({{text}} AS {kind}) END"
    if column.logical_type == "number":
        return _decimal(kind) if kind.startswith("DECIMAL") else _floating(kind)
    if column.logical_type == "boolean":
        true, false = (", ".join(literal(w) for w in words) for words in (TRUE_WORDS, FALSE_WORDS))
        return f"CASE WHEN lower({{text}}) IN ({true}) THEN true WHEN lower({{text}}) IN ({false}) THEN false END"
    return _moment(column, kind, timezone, native_dates=native_dates)


def _decimal(kind: str) -> str:
    """A decimal that loses nothing: more digits than the scale holds are refused, noise beyond the tenth is not."""
    value = f"TRY_CAST({{text}} AS {kind})"
    scale = kind.partition(",")[2].strip(" )") or ("0" if "(" in kind else "3")
    fits = f"regexp_full_match({{text}}, '[+-]?[0-9]*[.]?[0-9]{{0,{scale}}}0*')"
    exact = f"{_is_number()} AND TRY_CAST({{text}} AS DECIMAL(38, 10)) = {value}"
    return f"CASE WHEN {fits} THEN {value} WHEN {exact} THEN {value} END"


def _floating(kind: str) -> str:
    return f"CASE WHEN {_is_number()} AND isfinite(TRY_CAST({{text}} AS DOUBLE)) THEN TRY_CAST({{text}} AS {kind}) END"


def _is_number() -> str:
    """Whether `{text}` is written as a number: the engine's own cast takes more than that for one."""
    return "regexp_full_match({text}, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?')"


def _moment(column: Column, kind: str, timezone: str, *, native_dates: bool) -> str:
    formats = column.options.formats
    if not formats:
        tries = [_iso_date() if kind == "DATE" else _iso_timestamp(timezone)]
    else:
        tries = [_format(name, timezone) for name in formats]
        tries += [_format(name, timezone) for name in NATIVE_FORMATS if native_dates and name not in formats]
    value = tries[0] if len(tries) == 1 else f"coalesce({', '.join(tries)})"
    return f"TRY_CAST({value} AS {kind})"


def _format(name: str, timezone: str) -> str:
    """TIMESTAMP of `{text}` in one declared format."""
    if name == "excel_serial":
        return _excel_serial()
    if name in ("epoch_s", "epoch_ms"):
        return _epoch(1 if name == "epoch_s" else 1000, timezone)
    if name == "roc":
        return _roc()
    parsed = f"try_strptime({{text}}, {literal(name)})"
    return _local(parsed, timezone) if "%z" in name else parsed


def _excel_serial() -> str:
    days = "TRY_CAST({text} AS DOUBLE)"
    seconds = f"to_seconds(round({days} * 86400)::BIGINT)"
    return f"CASE WHEN {days} BETWEEN 1 AND {EXCEL_LAST_DAY} THEN TIMESTAMP '1899-12-30' + {seconds} END"


def _epoch(per_second: int, timezone: str) -> str:
    number = "TRY_CAST({text} AS DOUBLE)"
    instant = f"to_timestamp({number} / {per_second})"
    return f"CASE WHEN abs({number}) <= {EPOCH_LIMIT_SECONDS * per_second} THEN {_local(instant, timezone)} END"


def _roc() -> str:
    """Republic of China years in any usual spelling: 1051003, 105/01/28, 102年9月5日, 民國 99.1.2."""
    text = f"regexp_replace(regexp_replace({{text}}, '\\s', '', 'g'), '{ROC_WORDS}', '')"
    fields = "['y', 'm', 'd']"
    parts = (
        f"CASE WHEN regexp_matches({text}, '^[0-9]+$') THEN regexp_extract({text}, '{ROC_SOLID}', {fields}) "
        f"ELSE regexp_extract({text}, '{ROC_PARTED}', {fields}) END"
    )
    year = "lpad((TRY_CAST(p.y AS INTEGER) + 1911)::VARCHAR, 4, '0')"
    day = f"TRY_CAST({year} || '-' || lpad(p.m, 2, '0') || '-' || lpad(p.d, 2, '0') AS TIMESTAMP)"
    return f"list_transform([{parts}], lambda p: CASE WHEN p.y <> '' THEN {day} END)[1]"


def _iso_date() -> str:
    """A date alone, or with a midnight: a time of day is not silently dropped."""
    pattern = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T]00:00(:00(\.0+)?)?)?"
    return f"CASE WHEN regexp_full_match({{text}}, '{pattern}') THEN TRY_CAST({{text}} AS TIMESTAMP) END"


def _iso_timestamp(timezone: str) -> str:
    pattern = r".*[0-9](Z|[+-][0-9]{2}(:?[0-9]{2})?)"
    zoned = r"[0-9]{4}-.*:" + pattern
    instant = _local("TRY_CAST({text} AS TIMESTAMPTZ)", timezone)
    return f"CASE WHEN regexp_full_match({{text}}, '{zoned}') THEN {instant} ELSE TRY_CAST({{text}} AS TIMESTAMP) END"


def _local(instant: str, timezone: str) -> str:
    """Wall-clock time of the city at an instant."""
    return f"timezone({literal(timezone)}, ({instant})::TIMESTAMPTZ)"
