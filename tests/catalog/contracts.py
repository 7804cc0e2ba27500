"""Contracts for tests: one small valid document, and a way to write changed copies of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

Document = dict[str, Any]


def custom(**values: Any) -> list[dict[str, Any]]:
    """Custom properties as ODCS writes them."""
    return [{"property": name, "value": value} for name, value in values.items()]


def title(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


def column(name: str, logical: str = "string", physical: str = "VARCHAR", **rest: Any) -> dict[str, Any]:
    options = rest.pop("options", {})
    return {
        "name": name,
        "logicalType": logical,
        "physicalType": physical,
        "classification": "L1",
        **rest,
        "customProperties": custom(title=title(name), **options),
    }


def rule(name: str, implementation: str, severity: str = "quarantine", **options: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"rule {name}",
        "type": "custom",
        "engine": "civiclake",
        "implementation": implementation,
        "severity": severity,
        "dimension": "conformity",
        "customProperties": custom(**options),
    }


def document() -> Document:
    """A valid feed of one keyed table, delivered as files."""
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "lamps",
        "name": "Street lamps",
        "version": "1.0.0",
        "status": "active",
        "domain": "lighting",
        "description": {"purpose": "Repairs of street lamps"},
        "slaProperties": [{"property": "frequency", "value": 1, "unit": "d"}],
        "schema": [
            {
                "name": "repair",
                "physicalName": "lamps_repair",
                "description": "Repairs of street lamps",
                "dataGranularityDescription": "One row per repair",
                "properties": [
                    column("repair_no", primaryKey=True, primaryKeyPosition=1, required=True),
                    column("reported_at", "timestamp", "TIMESTAMP", options={"formats": ["%Y-%m-%d %H:%M:%S"]}),
                    column("cost_yuan", "number", "DECIMAL(18,2)", logicalTypeOptions={"minimum": 0}),
                    column("org_code", physicalName="单位", options={"aliases": ["承办单位"]}),
                ],
                "quality": [
                    rule("L1", "reported_at > as_of", columns=["reported_at"]),
                    rule("L2", "org_code NOT IN (SELECT o.org_code FROM vocab.organisation o)", columns=["org_code"]),
                    rule("L3", "count(*) FILTER (cost_yuan IS NULL) > 0.5 * count(*)", "block", aggregate=True),
                ],
                "customProperties": custom(
                    title=title("repair"),
                    delivery="upsert",
                    version_at="reported_at",
                    variants=[
                        {
                            "source": {"kind": "folder", "pattern": r"repair_(?P<date>\d{8})\.csv"},
                            "format": {"kind": "csv", "encoding": "gb18030"},
                        }
                    ],
                ),
            }
        ],
        "customProperties": custom(
            title=title("lamps"),
            transport={"kind": "folder", "path": "${LAMPS_DROP}"},
            start_date="2024-01-01",
            lateness={"days": 30},
            owner_org="LIGHT",
            steward="light@city.example",
        ),
    }


def options(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The custom properties of a document node by name; change `["value"]` to change the document."""
    return {pair["property"]: pair for pair in node["customProperties"]}


def write(folder: Path, change: Callable[[Document], object] = lambda _: None, name: str = "lamps") -> Path:
    """The document, changed, as a file in `folder`."""
    doc = copy.deepcopy(document())
    change(doc)
    path = folder / f"{name}.odcs.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(doc, file)
    return path
