"""What is asserted of a relation and what was found: engine-neutral checks and their results."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

CheckSeverity = Literal["block", "warn"]


@dataclass(frozen=True)
class NotNull:
    """Every row has a value in `column`."""

    column: str


@dataclass(frozen=True)
class Unique:
    """No two rows agree in `columns`."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class InSet:
    """Every value of `column` is one of `values`; NULL is good."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Between:
    """Every value of `column` lies in [minimum, maximum]; an absent bound is open, NULL is good."""

    column: str
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class RowCount:
    """The relation has at least `minimum` and at most `maximum` rows."""

    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True)
class NoRowWhere:
    """No row makes `condition` true: a DuckDB expression over the columns of the relation; NULL counts as good."""

    condition: str


Assertion = NotNull | Unique | InSet | Between | RowCount | NoRowWhere


@dataclass(frozen=True)
class CheckSpec:
    """One assertion over one relation.

    `subject` is what is judged (`feed.table` or a model), `rule` its id there, unique within the subject.
    `block` forbids a release when it fails, `warn` is reported. `tolerance` is the share of failing rows
    (0..1) that still passes.
    """

    subject: str
    rule: str
    severity: CheckSeverity
    dimension: str
    description: str
    assertion: Assertion
    tolerance: float = 0.0

    @property
    def threshold(self) -> str:
        """What passes, in words of numbers."""
        if isinstance(self.assertion, RowCount):
            low, high = self.assertion.minimum, self.assertion.maximum
            return f"{'' if low is None else low}..{'' if high is None else high} rows"
        return f"<= {self.tolerance:g} of rows"


@dataclass(frozen=True)
class CheckResult:
    """What a check found: `unexpected` of `elements` rows; `observed` is that share, or the row count.

    `sample` holds up to 20 keys of failing rows, never other values. `stands_from` is the earlier run that found it,
    when there was no cause to ask again.
    """

    spec: CheckSpec
    passed: bool
    observed: float | None
    unexpected: int
    elements: int
    checked_at: datetime
    sample: tuple[dict[str, str], ...] = field(default=())
    stands_from: str | None = None

    @property
    def threshold(self) -> str:
        """What would have passed, in words of numbers."""
        return self.spec.threshold
