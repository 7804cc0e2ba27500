"""Personal data in text: detectors as data, and the blocking check of every open text column that follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from catalog.columns import column_meta
from catalog.compiled import DatasetMeta
from catalog.contract.options import Strict, Title
from catalog.manifest import DbtManifest, DbtModel, ModelColumn
from expectations.checks import CheckSpec, NoRowWhere
from expectations.sql import identifier, literal

DETECTORS_FILE = Path(__file__).with_name("pii.yml")
_ANY = "*"
_TEXT_TYPES = ("varchar", "text", "string")
_OPEN_LEVELS = ("L1", "L2")
_PLAIN = ("０１２３４５６７８９＠", "0123456789@")


class Detector(Strict):
    """One kind of personal data: a pattern, a shorter one every match contains, whether Luhn's check digit counts."""

    title: Title
    pattern: str
    hint: str
    luhn: bool = False


class Exemption(Strict):
    """Where texts look like personal data and are none; `*` stands for every column or detector."""

    dataset: str
    column: str
    detectors: tuple[str, ...]
    reason: str


class Detection(Strict):
    """`pii.yml`."""

    detectors: dict[str, Detector]
    exemptions: tuple[Exemption, ...] = ()

    def of(self, dataset: str, column: str) -> dict[str, Detector]:
        """The detectors that a column is looked at with."""
        waived = {
            name
            for entry in self.exemptions
            if entry.dataset == dataset and entry.column in (column, _ANY)
            for name in entry.detectors
        }
        return {n: d for n, d in self.detectors.items() if n not in waived and _ANY not in waived}


@cache
def load_detection() -> Detection:
    """The authored detectors and exemptions."""
    from ruamel.yaml import YAML

    return Detection.model_validate(YAML(typ="safe").load(DETECTORS_FILE))


def unknown_exemptions(detection: Detection, manifest: DbtManifest) -> list[str]:
    """Exemptions that name a dataset, column or detector there is none of: they would hide nothing, or too much."""
    datasets = {m.meta["dataset"]["id"]: m for m in manifest.models.values() if "dataset" in m.meta}
    found = []
    for entry in detection.exemptions:
        model = datasets.get(entry.dataset)
        known = model is not None and (entry.column == _ANY or entry.column in model.columns)
        if not known or not set(entry.detectors) <= {*detection.detectors, _ANY}:
            found.append(f"{DETECTORS_FILE}: {entry.dataset}.{entry.column} ({', '.join(entry.detectors)})")
    return found


def pii_suite(model: DbtModel, detection: Detection | None = None) -> list[CheckSpec]:
    """One blocking check for each text column of a dataset that is open, with or without conditions, as it is.

    Columns above L2 and columns with a mask are not shown as they are.
    """
    detection = detection or load_detection()
    if "dataset" not in model.meta:
        return []
    dataset = DatasetMeta.model_validate(model.meta["dataset"])
    if dataset.opening == "none":
        return []
    return [
        CheckSpec(
            model.name,
            f"personal_data:{column.name}",
            "block",
            "conformity",
            f"No {', no '.join(d.title.en.lower() for d in detectors.values())} stands in {column.name}.",
            NoRowWhere(found_in(column.name, detectors)),
        )
        for column in _texts(model)
        if (detectors := detection.of(dataset.id, column.name))
    ]


def found_in(column: str, detectors: dict[str, Detector]) -> str:
    """DuckDB condition that one of the detectors finds something in a text column; most texts fail the first test."""
    text = f"translate({identifier(column)}, {literal(_PLAIN[0])}, {literal(_PLAIN[1])})"
    hint = "|".join(f"(?:{detector.hint})" for detector in detectors.values())
    found = " OR ".join(_finds(text, detector) for detector in detectors.values())
    return f"CASE WHEN regexp_matches({text}, {literal(hint)}) THEN {found} END"


def _finds(text: str, detector: Detector) -> str:
    if not detector.luhn:
        return f"regexp_matches({text}, {literal(detector.pattern)})"
    digits = "regexp_replace(number, '[^0-9]', '', 'g')"
    doubled = (
        "list_transform(range(1, length(digits) + 1), lambda place:"
        " CAST(substr(digits, length(digits) - place + 1, 1) AS INTEGER) * (2 - place % 2))"
    )
    total = f"list_sum(list_transform({doubled}, lambda digit: digit // 10 + digit % 10))"
    right = f"list_filter(list_transform(found, lambda number: {digits}), lambda digits: {total} % 10 = 0)"
    numbers = f"regexp_extract_all({text}, {literal(detector.pattern)}, 1)"
    return f"len({right.replace('found', numbers)}) > 0"


def _texts(model: DbtModel) -> Iterator[ModelColumn]:
    for column in model.columns.values():
        meta = column_meta(column)
        shown = meta is not None and meta.mask is None and meta.level in _OPEN_LEVELS
        if shown and (column.type or "").lower() in _TEXT_TYPES:
            yield column
