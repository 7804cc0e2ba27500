"""The dbt sources of a city: the landed tables of its contracts and the vocabularies."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from catalog.city import City
from catalog.vocabulary import load_interface


def sources_text(city: City) -> str:
    """sources.yml (JSON, which is YAML) with source `landed` and source `vocab` of database `lake`."""
    landed = [
        {
            "name": table.physical_name,
            "description": table.description,
            "config": {"meta": {"feed": feed.id, "lateness_days": feed.options.lateness.days}},
        }
        for feed, table in city.tables()
    ]
    vocab = [{"name": table.name, "description": table.grain} for table in load_interface().values()]
    sources = [_source("landed", landed), _source("vocab", vocab)]
    return json.dumps({"version": 2, "sources": sources}, ensure_ascii=False, indent=1) + "\n"


def _source(name: str, tables: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "database": "lake", "schema": name, "tables": list(tables)}
