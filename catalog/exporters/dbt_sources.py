"""The dbt sources of a city: its landed tables, as the contracts state them, and the vocabulary tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from catalog.city import City
from catalog.contract.model import Column, FeedContract, Table
from catalog.contract.options import Level, Title
from catalog.landed import ACCOUNT_COLUMNS, ALARM_ACTION_COLUMNS, LOADED_COLUMNS
from catalog.vocabulary import VocabularyTable, load_interface

# Periods dbt knows, by ODCS unit; a month and a year are counted in days.
PERIODS = {"h": ("hour", 1), "d": ("day", 1), "m": ("day", 31), "y": ("day", 366)}


def dbt_sources(city: City) -> str:
    """A dbt property file (JSON, which is YAML) with the sources `landed`, `vocab` and `ops` of the database `lake`."""
    landed = [_landed_table(feed, table) for feed, table in city.tables()]
    vocab = [_vocabulary_table(table) for table in load_interface().values()]
    sources = [_source("landed", landed), _source("vocab", vocab), _source("ops", [_account_table(), _alarm_table()])]
    document = {"version": 2, "sources": sources}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def freshness(feed: FeedContract) -> dict[str, Any] | None:
    """dbt's freshness of a feed: a warning after the promised latency, an error after twice that; None without one."""
    latency = next((promise for promise in feed.sla_properties if promise.property == "latency"), None)
    if latency is None:
        return None
    period, factor = PERIODS[latency.unit or "d"]
    count = int(latency.value) * factor
    return {"warn_after": {"count": count, "period": period}, "error_after": {"count": 2 * count, "period": period}}


def _source(name: str, tables: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "database": "lake", "schema": name, "tables": list(tables)}


def _landed_table(feed: FeedContract, table: Table) -> dict[str, Any]:
    level: Level = max(column.classification for column in table.properties)
    meta = {
        "feed": feed.id,
        "table": table.name,
        "title": table.options.title.model_dump(),
        "level": level,
        "lateness_days": feed.options.lateness.days,
    }
    config: dict[str, Any] = {"meta": meta}
    if promised := freshness(feed):
        config |= {"freshness": promised, "loaded_at_field": "_landed_at"}
    loaded = [_column(c.name, c.type, c.description, c.title, "L2") for c in LOADED_COLUMNS]
    columns = [_business_column(column) for column in table.properties]
    description = _prose(f"{table.data_granularity_description.rstrip('.')}. {table.description}")
    return {"name": table.physical_name, "description": description, "config": config, "columns": columns + loaded}


def _business_column(column: Column) -> dict[str, Any]:
    title = column.options.title
    return _column(column.name, column.physical_type, column.description or title.en, title, column.classification)


def _vocabulary_table(table: VocabularyTable) -> dict[str, Any]:
    columns = [
        _column(name, kind, table.column_titles[name].en, table.column_titles[name], "L1")
        for name, kind in table.columns
    ]
    meta = {"title": table.title.model_dump(), "level": "L1"}
    return {"name": table.name, "description": table.grain, "config": {"meta": meta}, "columns": columns}


def _account_table() -> dict[str, Any]:
    columns = [_column(c.name, c.type, c.description, c.title, "L1") for c in ACCOUNT_COLUMNS]
    meta = {"title": {"zh": "交付台账", "en": "Deliveries"}, "level": "L1"}
    described = "One row per batch and table, with what became of its rows"
    return {"name": "batch", "description": described, "config": {"meta": meta}, "columns": columns}


def _alarm_table() -> dict[str, Any]:
    levels: dict[str, Level] = {"action_code": "L1", "acted_at": "L1"}
    columns = [_column(c.name, c.type, c.description, c.title, levels.get(c.name, "L2")) for c in ALARM_ACTION_COLUMNS]
    meta = {"title": {"zh": "预警处置台账", "en": "Alarms seen to"}, "level": "L2"}
    described = "One row per thing a steward did about an alarm of a vital sign"
    return {"name": "alarm_action", "description": described, "config": {"meta": meta}, "columns": columns}


def _column(name: str, kind: str, description: str, title: Title, level: Level) -> dict[str, Any]:
    meta = {"title": title.model_dump(), "level": level}
    return {"name": name, "data_type": kind, "description": _prose(description), "config": {"meta": meta}}


def _prose(text: str) -> str:
    """Text that dbt, which reads descriptions as templates, takes as it stands."""
    return re.sub(r"\{(?=[{%#])", "{ ", text)
