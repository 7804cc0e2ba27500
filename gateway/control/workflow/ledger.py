"""What cases are judged by: the policy in force, the current release and its catalog, and one moment in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from catalog.compiled import CompiledCatalog, CompiledDataset
from catalog.policy import workdays
from catalog.policy.model import Action, CompiledPolicy
from catalog.policy.procedures import Procedure, ProcedureName, Procedures
from gateway.control.errors import ConflictError, StoreError, UnknownError
from gateway.policy.actor import Actor
from gateway.policy.decide import decide
from gateway.policy.decision import Decision


@dataclass(frozen=True)
class Ledger:
    """Policy, catalog, moment and number of the current release; days are those of the city's clocks."""

    policy: CompiledPolicy
    catalog: CompiledCatalog
    now: datetime
    release: int

    @property
    def today(self) -> date:
        """The city's date."""
        return self.day(self.now)

    def day(self, moment: datetime) -> date:
        """The city's date at a moment."""
        return moment.astimezone(self.zone).date()

    def begin(self, day: date) -> datetime:
        """The first moment of a day."""
        return datetime.combine(day, time(), self.zone)

    def end(self, day: date) -> datetime:
        """The first moment after a day."""
        return self.begin(day + timedelta(days=1))

    @property
    def procedures(self) -> Procedures:
        """All procedures. StoreError when the policy in force was compiled by a program that knew none."""
        if self.policy.procedures is None:
            raise StoreError("the policy in force has no procedures; run `civiclake policy apply`")
        return self.policy.procedures

    def procedure(self, name: ProcedureName) -> Procedure:
        """One procedure."""
        return self.procedures.procedures[name]

    def due_on(self, clock: str, start: datetime) -> date:
        """The last day of a time limit. ConflictError when the calendar does not reach so far."""
        try:
            return workdays.due_on(self.policy, clock, self.day(start))
        except workdays.CalendarError as error:
            raise ConflictError(str(error)) from None

    def decide(self, actor: Actor, action: Action, dataset: str, purpose: str | None = None) -> Decision:
        """Today's decision."""
        return decide(self.policy, actor, action, dataset, purpose, self.today)

    def described(self, actor: Actor, dataset: str) -> frozenset[str]:
        """The columns an actor may read about. UnknownError alike for what is hidden and what does not exist."""
        told = self.decide(actor, "describe", dataset)
        entry = self.entry(dataset)
        if not told.allow or entry is None:
            raise UnknownError("there is no such dataset")
        named = {name for branch in told.branches for name in branch.columns}
        return frozenset(column.name for column in entry.columns if column.name in named)

    def entry(self, dataset: str) -> CompiledDataset | None:
        """The catalog's entry of a dataset."""
        return next((entry for entry in self.catalog.datasets if entry.id == dataset), None)

    def owner(self, dataset: str) -> str | None:
        """The organisation that answers for a dataset."""
        entry = self.entry(dataset)
        return entry.owner if entry is not None else None

    def source(self, dataset: str, column: str) -> str | None:
        """The organisation that a column's values come from: the one behind its feed, else the dataset's owner."""
        entry = self.entry(dataset)
        if entry is None:
            return None
        feeds = {feed.id: feed.owner_org for feed in self.catalog.feeds}
        path = next((found.path for found in entry.columns if found.name == column), ())
        first = path[0].column.partition(".")[0] if path else ""
        if first not in feeds and len(entry.feeds) == 1:
            first = entry.feeds[0]
        return feeds.get(first, entry.owner)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the city's clocks."""
        return ZoneInfo(self.catalog.city.timezone)
