"""The compiled policy: everything a decision needs besides who asks, in one immutable, digestible value."""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cached_property

from pydantic import Field

from catalog.canonical import canonical_json
from catalog.contract.options import Extent, Level, Strict, Title
from catalog.policy.divisions import DivisionTree
from catalog.policy.procedures import Procedures
from catalog.policy.words import Action, Effect, MaskKind, Tier, Treatment

POLICY_FILE = "policy.json"

__all__ = [
    "POLICY_FILE",
    "Action",
    "Clock",
    "ColumnPolicy",
    "CompiledPolicy",
    "DatasetPolicy",
    "Division",
    "Effect",
    "MaskKind",
    "PolicyRule",
    "RowScope",
    "ScopeColumns",
    "Tier",
    "TierLimits",
    "Treatment",
]


class RowScope(Strict):
    """Which rows: below one of `divisions`, handled by one of `organisations`, dated in [`since`, `until`).

    What is not said does not restrict; parts that are said must all hold. A dataset that lacks the column a said
    part needs has no row in the scope.
    """

    divisions: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


class PolicyRule(Strict):
    """One authored rule; every said condition must hold, an empty tuple does not restrict.

    `columns` are names or empty for all; `levels` narrows them to columns of these levels. `granted` asks for a
    grant of the caller that covers the dataset. A deny rule for `purposes` also holds for callers who state none: it
    could not be kept otherwise. `own_rows` narrows rows to the caller's own jurisdictions and
    `own_organisation` to its own organisation. Valid from `valid_from` to before `valid_until`.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_.-]*$")
    effect: Effect
    reason: Title
    tiers: tuple[Tier, ...] = ()
    actions: tuple[Action, ...] = ()
    datasets: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    sharing: tuple[Extent, ...] = ()
    opening: tuple[Extent, ...] = ()
    columns: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()
    treatment: Treatment = "clear"
    granted: bool = False
    rows: RowScope = RowScope()
    own_rows: bool = False
    own_organisation: bool = False
    valid_from: date | None = None
    valid_until: date | None = None


class ScopeColumns(Strict):
    """Columns of a dataset that row scopes are tested on: division columns by level (1 to 5), organisation, time."""

    divisions: dict[int, str] = Field(default_factory=dict)
    organisations: tuple[str, ...] = ()
    time: str | None = None


class ColumnPolicy(Strict):
    """What the policy knows of a column: its level today and how it is masked where only a mask may be seen."""

    name: str
    level: Level
    mask: MaskKind | None = None


class DatasetPolicy(Strict):
    """What the policy knows of a dataset today; it holds for every release of it, old ones included."""

    id: str
    sharing: Extent
    opening: Extent
    columns: tuple[ColumnPolicy, ...]
    scope: ScopeColumns = ScopeColumns()

    @cached_property
    def by_name(self) -> dict[str, ColumnPolicy]:
        """Columns by name."""
        return {column.name: column for column in self.columns}


class SqlLimits(Strict):
    """What one question in SQL may use: seconds, megabytes of memory, rows and megabytes of the answer."""

    seconds: int = Field(ge=1, le=600)
    memory_megabytes: int = Field(ge=32)
    rows: int = Field(ge=1)
    answer_megabytes: int = Field(ge=1, le=256)


class TierLimits(Strict):
    """What one caller of a tier may use: requests and cost units per minute, concurrent exports, rows of one page.

    Without `sql` the tier asks no questions in SQL.
    """

    requests_per_minute: int = Field(ge=1)
    cost_per_minute: int = Field(ge=1)
    concurrent_exports: int = Field(ge=0)
    page_rows: int = Field(ge=1)
    sql: SqlLimits | None = None


class Clock(Strict):
    """A time limit of a procedure, in working days of the city's calendar; `source` says where it comes from."""

    working_days: int = Field(ge=1)
    source: str


class Division(Strict):
    """An administrative division as row scopes need it; `level` 1 province to 5 community."""

    code: str
    level: int
    parent: str | None = None


class CostWeights(Strict):
    """How much one unit of cost buys, by kind of work; what each means stands in `limits.yml`."""

    read: int = Field(ge=1)
    picked: int = Field(ge=1)
    sorted: int = Field(ge=1)
    paged: int = Field(ge=1)
    streamed: int = Field(ge=1)
    file_bytes: int = Field(ge=1)
    group: int = Field(ge=1)
    unknown_rows: int = Field(ge=1)
    description: int = Field(ge=1)
    sandbox_second: int = Field(ge=1)
    sandbox_step: int = Field(ge=1)


class QuestionLimits(Strict):
    """What one question may hold, and how a total that takes too long is estimated; see `limits.yml`."""

    search_words: int = Field(ge=1)
    shape_corners: int = Field(ge=4)
    catalogue_terms: int = Field(ge=1)
    catalogue_page: int = Field(ge=1)
    datastore_page: int = Field(ge=1)
    estimate_percent: int = Field(ge=1, le=100)
    estimate_after: float = Field(gt=0, le=1)


class VerificationLimits(Strict):
    """What may be verified: claims of one question, units that each costs, questions about one row in 30 days and of
    one dataset in a day, for one organisation."""

    claims: int = Field(ge=1, le=100)
    claim_cost: int = Field(ge=1)
    row_questions_per_month: int = Field(ge=1)
    dataset_questions_per_day: int = Field(ge=1)


class WebhookLimits(Strict):
    """How long it is tried to send an event, how long events are kept, how many subscriptions a caller may have."""

    timeout_seconds: float = Field(gt=0, le=120)
    attempts: int = Field(ge=1, le=100)
    first_wait_seconds: float = Field(gt=0, le=3600)
    longest_wait_seconds: float = Field(gt=0, le=86_400)
    subscriptions_per_caller: int = Field(ge=1, le=1000)
    events_kept_days: int = Field(ge=1, le=3660)


class CompiledPolicy(Strict):
    """All of a city's policy. Without it nothing is decided in anybody's favour.

    `minimum_cell` is the smallest group an aggregate may show. `non_working` are the days the calendar calls free
    between `calendar_from` and `calendar_to`; a clock that would leave the calendar is an error, not a guess. Without
    `procedures` nobody can ask for anything. `failed_credentials_per_minute` is for one address; without it, and
    without `webhooks` and `verification`, what the shared policy says holds.
    """

    version: str
    city: str
    rules: tuple[PolicyRule, ...]
    datasets: tuple[DatasetPolicy, ...]
    limits: dict[Tier, TierLimits]
    clocks: dict[str, Clock]
    minimum_cell: int = Field(ge=2)
    divisions: tuple[Division, ...] = ()
    purposes: dict[str, Title] = Field(default_factory=dict)
    calendar_from: date | None = None
    calendar_to: date | None = None
    non_working: tuple[date, ...] = ()
    procedures: Procedures | None = None
    failed_credentials_per_minute: int | None = Field(None, ge=1)
    webhooks: WebhookLimits | None = None
    verification: VerificationLimits | None = None

    @cached_property
    def digest(self) -> str:
        """Hex digest of everything in here; part of plan caches, cursors and entity tags."""
        return hashlib.sha256(canonical_json(self)).hexdigest()[:16]

    @cached_property
    def division_tree(self) -> DivisionTree:
        """The divisions as a tree."""
        return DivisionTree(self.divisions)

    @cached_property
    def _datasets(self) -> dict[str, DatasetPolicy]:
        return {dataset.id: dataset for dataset in self.datasets}

    def dataset(self, name: str) -> DatasetPolicy | None:
        """Today's policy of a dataset; None when it has none, and then nobody may see it."""
        return self._datasets.get(name)
