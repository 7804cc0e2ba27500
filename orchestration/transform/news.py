"""What the news of the lake reaches: the models that must be built again, and the tests that must be asked again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

_ROWS, _FIXED = "landed", "vocab"  # schemas of sources; changed vocabularies are another basis, and build everything
_DAY = "macro.civiclake.as_of"


def reached_by(raw: Mapping[str, Any], changed: Set[str], *, day_passed: bool) -> set[str]:
    """Unique ids of the models and tests that `changed` (`schema.table` of the lake) reaches, however far up.

    `raw` is dbt's manifest as it stands. `day_passed` says that the models speak of another day than they did: that
    reaches all that asks for the day. A view reads what is below it, so what reaches it reaches its readers; itself it
    stays. Other sources than landed rows and vocabularies may change at any time.
    """
    sources = raw["sources"]
    asks = _askers_of_the_day(raw) if day_passed else set()
    nodes = {key: node for key, node in raw["nodes"].items() if node["resource_type"] in {"model", "test"}}
    reached = {key for key, source in sources.items() if _has_news(source, changed)}
    graph = {key: [name for name in node["depends_on"]["nodes"] if name in nodes] for key, node in nodes.items()}
    for key in TopologicalSorter(graph).static_order():
        node = nodes[key]
        itself = key in asks or f"{node['schema']}.{node['name']}" in changed
        if itself or not reached.isdisjoint(node["depends_on"]["nodes"]):
            reached.add(key)
    return {key for key in reached if key in nodes and (nodes[key]["config"]["materialized"] != "view")}


def _has_news(source: Mapping[str, Any], changed: Set[str]) -> bool:
    name = f"{source['schema']}.{source['identifier']}"
    return name in changed or source["schema"] not in {_ROWS, _FIXED}


def _askers_of_the_day(raw: Mapping[str, Any]) -> set[str]:
    """Nodes that call the macro of the day, however far down, or that restate months, which end as days pass."""
    macros = raw["macros"]

    @cache
    def asks(macro: str) -> bool:
        called = macros[macro]["depends_on"].get("macros", ()) if macro in macros else ()
        return macro == _DAY or any(asks(other) for other in called)

    def found() -> Iterator[str]:
        for key, node in raw["nodes"].items():
            restates = node["config"].get("incremental_strategy") == "restate"
            if restates or any(asks(macro) for macro in node["depends_on"].get("macros", ())):
                yield key

    return set(found())
