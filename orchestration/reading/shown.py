"""Quarantined rows as people are shown them: what the contract calls level L4 stays where it is."""

from __future__ import annotations

from collections.abc import Iterable

from catalog.city import City
from catalog.contract.model import Column, Table
from expectations.sql import literal
from orchestration.reading.header import delivered_names, normalise

HIDDEN = "(L4)"
_UNSEEN = "L4"
_KEY = r"lower(regexp_replace(_e.key, '[\s\x{00a0}\x{3000}\x{feff}]+', '', 'g'))"


def shown(city: City) -> str:
    """A relation like lake.ops.quarantine in which HIDDEN stands for every value of level L4.

    Of a table with such columns only what is known to be another column is shown, so no text of a record that could
    not be read; of a table that the city has no more, no value at all.
    """
    of_tables = [
        (f"feed = {literal(feed.id)} AND table_name = {literal(table.name)}", *_hidden(table, literal(HIDDEN)))
        for feed, table in city.tables()
    ]
    raw = "".join(f" WHEN {is_of} THEN {raw}" for is_of, raw, _ in of_tables)
    violations = "".join(f" WHEN {is_of} THEN {found}" for is_of, _, found in of_tables)
    return (
        f"(SELECT * REPLACE (CASE{raw} ELSE {literal(HIDDEN)} END AS raw,"
        f" CASE{violations} ELSE {_violations('false')} END AS violations) FROM lake.ops.quarantine)"
    )


def _hidden(table: Table, hidden: str) -> tuple[str, str]:
    """Expressions for `raw` and `violations` of a table's rows."""
    secret = [column for column in table.properties if column.classification == _UNSEEN]
    if not secret:
        return "raw", "violations"
    others = [column for column in table.properties if column.classification != _UNSEEN]
    shown_keys = _listed(_keys(others) - _keys(secret))
    value = f"CASE WHEN _e.value IS NULL OR list_contains({shown_keys}, {_KEY}) THEN _e.value ELSE {hidden} END"
    entries = "map_entries(CAST(CAST(raw AS JSON) AS MAP(VARCHAR, VARCHAR)))"
    kept = f"list_transform({entries}, lambda _e: struct_pack(key := _e.key, value := {value}))"
    # A violation names the columns it is about; without any it is told in words of the platform's own.
    names = _listed({column.name for column in others})
    known = f'_v."column" IS NULL OR list_has_all({names}, string_split(_v."column", \', \'))'
    return f"CAST(to_json(map_from_entries({kept})) AS VARCHAR)", _violations(known)


def _violations(known: str) -> str:
    value = f"""CASE WHEN {known} OR coalesce(_v."value", '') = '' THEN _v."value" ELSE {literal(HIDDEN)} END"""
    changed = f'struct_pack("rule" := _v."rule", severity := _v.severity, "column" := _v."column", "value" := {value})'
    return f"list_transform(violations, lambda _v: {changed})"


def _keys(columns: Iterable[Column]) -> set[str]:
    """Headers under which the columns may arrive, as they are compared."""
    return {normalise(name) for column in columns for name in delivered_names(column)}


def _listed(texts: set[str]) -> str:
    return f"[{', '.join(map(literal, sorted(texts)))}]::VARCHAR[]"
