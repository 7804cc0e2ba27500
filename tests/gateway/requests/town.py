"""A town that asks for data: departments, streets, stewards, a developer; datasets shared on conditions or without."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from catalog.compiled import CityInfo, CompiledCatalog, CompiledDataset, CompiledFeed
from catalog.contract.options import Level, Title
from catalog.policy.load import shared_policy
from catalog.policy.model import Clock, CompiledPolicy, Division, MaskKind, ScopeColumns
from gateway.control import accounts
from gateway.control.store import ControlStore
from gateway.control.tables.requests import Application
from gateway.control.workflow import applications
from gateway.control.workflow.applications import NewApplication
from gateway.control.workflow.ledger import Ledger
from gateway.control.workflow.people import Person, person_named
from tests.gateway.fake_policy import matrix as tiers_by_levels
from tests.gateway.fake_policy import policy_over, rule
from tests.gateway.fake_release import TITLE, dataset_entry

START = datetime(2026, 11, 23, 2, tzinfo=UTC)  # a Monday, ten in the morning in the town
FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)
HOLIDAYS = {date(2027, 1, 1), *(date(2027, 2, 6) + timedelta(days=n) for n in range(7))}
STREETS = ("990101001", "990101002")
DIVISIONS = (
    Division(code="990101", level=3),
    *(Division(code=code, level=4, parent="990101") for code in STREETS),
)
COLUMNS: dict[str, dict[str, tuple[str, Level]]] = {
    "visits": {
        "visit_no": ("VARCHAR", "L1"), "street": ("VARCHAR", "L1"), "kind": ("VARCHAR", "L2"),
        "name": ("VARCHAR", "L3"), "phone": ("VARCHAR", "L3"), "id_no": ("VARCHAR", "L4"),
    },
    "notes": {
        "note_no": ("VARCHAR", "L1"), "street": ("VARCHAR", "L1"), "remark": ("VARCHAR", "L2"),
        "caller": ("VARCHAR", "L3"),
    },
    "sealed": {"case_no": ("VARCHAR", "L4")},
}  # fmt: skip
MASKS: dict[str, MaskKind] = {"name": "name", "phone": "mobile", "caller": "name"}
_EXTENTS = {"visits": ("conditional", "none"), "notes": ("unconditional", "none"), "sealed": ("none", "none")}
ORGANISATIONS = {"health": (), "traffic": (), "police": (), "street-a": (STREETS[0],), "street-b": (STREETS[1],)}
PEOPLE = {
    "tom": "traffic", "tina": "traffic", "helen": "health", "henry": "health", "paul": "police",
    "ann": "street-a", "ben": "street-b", "dev": "apps",
    "sue": None, "sam": None, "sid": "traffic",
}  # fmt: skip
STEWARDS = ("sue", "sam", "sid")


def entries() -> tuple[CompiledDataset, ...]:
    """The datasets; `health` owns them, the names in `notes` come from the police."""
    return tuple(
        dataset_entry(
            name, columns, (next(iter(columns)),), sharing=_EXTENTS[name][0], opening=_EXTENTS[name][1],
            owner="health", feeds=("people",) if name == "notes" else (),
        )
        for name, columns in sorted(COLUMNS.items())
    )  # fmt: skip


def policy(**changes: Any) -> CompiledPolicy:
    """The town's policy: shared procedures, clocks and purposes, a calendar of 2026 and 2027."""
    shared, days = shared_policy(), (LAST - FIRST).days + 1
    calendar = [FIRST + timedelta(days=n) for n in range(days)]
    fields: dict[str, Any] = {
        "masks": MASKS,
        "scopes": {name: ScopeColumns(divisions={4: "street"}) for name in ("visits", "notes")},
        "divisions": DIVISIONS,
        "rules": (*tiers_by_levels(), rule("t3.verify", tiers=("T3",), levels=("L4",), granted=True,
                                           treatment="verify", actions=("verify",))),
        "clocks": {name: Clock(working_days=c.working_days, source="Test") for name, c in shared.clocks.items()},
        "calendar_from": FIRST,
        "calendar_to": LAST,
        "non_working": tuple(day for day in calendar if day.weekday() > 4 or day in HOLIDAYS),
        "procedures": shared.procedures,
        "purposes": shared.purposes,
    }  # fmt: skip
    return policy_over(entries(), **(fields | changes))


def catalog() -> CompiledCatalog:
    """The town's catalog."""
    city = CityInfo(
        id="town", title=TITLE, country="CN", timezone="Asia/Shanghai", area_code="990100", bbox=(1.0, 2.0, 3.0, 4.0),
        licence="CC-BY-4.0", publisher=TITLE,
    )  # fmt: skip
    people = CompiledFeed(
        id="people", title=Title(zh="人口", en="People"), version="1.0.0", domain="population", owner_org="police",
        steward="s@example.org", frequency=None, tables=(),
    )  # fmt: skip
    return CompiledCatalog(city=city, datasets=entries(), models=(), feeds=(people,))


def register(session: Session, now: datetime = START) -> None:
    """Everybody of the town."""
    for code, divisions in ORGANISATIONS.items():
        accounts.add_organisation(
            session, code=code, kind="department", title=(code, code), divisions=divisions, now=now, by="test"
        )
    accounts.add_organisation(
        session, code="apps", kind="developer", title=("应用", "Apps"), divisions=(), now=now, by="test"
    )
    for name, organisation in PEOPLE.items():
        kind = "steward" if name in STEWARDS else "person"
        accounts.add_principal(session, name=name, kind=kind, title=name, organisation=organisation, now=now, by="test")
    accounts.accept_terms(session, "dev", "1", now, "test")
    accounts.add_principal(
        session, name="board", kind="system", title="board", organisation="traffic", now=now, by="test"
    )


def asked(**changes: Any) -> NewApplication:
    """An application for masked columns of `visits`, which the provider must agree to."""
    fields: dict[str, Any] = {
        "dataset": "visits",
        "columns": ("visit_no", "street", "kind"),
        "rows": {},
        "mode": "interface",
        "frequency": "daily",
        "purpose": "urban_governance",
        "basis": "Regulation 7",
        "scene": "Routing of ambulances",
        "commitment": "Used for nothing else and given to nobody",
        "term_from": date(2026, 11, 23),
        "term_to": date(2027, 5, 31),
    }
    return NewApplication.model_validate(fields | changes)


@dataclass
class Town:
    """A store with everybody registered, a policy, and a clock that is set by hand."""

    store: ControlStore
    policy: CompiledPolicy = field(default_factory=policy)
    catalog: CompiledCatalog = field(default_factory=catalog)
    now: datetime = START

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.policy, self.catalog, self.now, 1)

    def person(self, session: Session, name: str) -> Person:
        return person_named(session, name)

    def file(self, session: Session, by: str = "tom", **changes: Any) -> Application:
        return applications.file(session, self.ledger, asked(**changes), self.person(session, by))


def open_town(url: str) -> Town:
    """A town over an empty database."""
    store = ControlStore(url)
    store.migrate()
    with store.begin() as session:
        register(session)
    return Town(store)
