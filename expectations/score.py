"""The quality score: one figure in [0, 1] per dimension, and their weighted mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from catalog.contract.options import Strict

WEIGHTS_FILE = Path(__file__).with_name("score.yml")


class Weights(Strict):
    """Weight of each dimension in the mean, and of each severity in its dimension."""

    dimensions: dict[str, float]
    severities: dict[str, float]


@dataclass(frozen=True)
class Judged:
    """What the score needs of one check result."""

    dimension: str
    severity: str
    passed: bool
    unexpected: int
    elements: int


@dataclass(frozen=True)
class Score:
    """`total` in [0, 1], None when nothing was checked; the same by dimension."""

    total: float | None
    by_dimension: dict[str, float]


def load_weights(path: Path = WEIGHTS_FILE) -> Weights:
    """The authored weights."""
    from ruamel.yaml import YAML

    return Weights.model_validate(YAML(typ="safe").load(path))


def score(results: Iterable[Judged], weights: Weights) -> Score:
    """Per dimension 1 - sum(failing rows x severity weight) / sum(rows x severity weight); weighted mean of these.

    A failed check without failing rows (a row count out of bounds) counts as failed in full.
    """
    failing: dict[str, float] = defaultdict(float)
    asked: dict[str, float] = defaultdict(float)
    for result in results:
        weight = weights.severities[result.severity]
        rows = max(result.elements, 1)
        failed = result.unexpected if result.unexpected or result.passed else rows
        failing[result.dimension] += weight * min(failed, rows)
        asked[result.dimension] += weight * rows
    by_dimension = {name: round(1 - failing[name] / asked[name], 4) for name in sorted(asked) if asked[name]}
    total_weight = sum(weights.dimensions[name] for name in by_dimension)
    if not total_weight:
        return Score(None, by_dimension)
    mean = sum(weights.dimensions[name] * value for name, value in by_dimension.items()) / total_weight
    return Score(round(mean, 4), by_dimension)
