"""A small city with secrets: four datasets, a policy over them, and callers of every tier with real keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from catalog.city_codes import CityCodes
from catalog.contract.options import Level
from catalog.policy.divisions import DivisionTree
from catalog.policy.model import CompiledPolicy, Division, MaskKind, RowScope, ScopeColumns, VerificationLimits
from catalog.service_requests import ServiceRequests
from catalog.workspace import Workspace
from gateway.control import accounts, grants, keys
from gateway.control.actors import actor_for
from gateway.control.credentials import CredentialTerms
from gateway.control.grants import GrantTerms
from gateway.identity.presented import KEY_HEADER
from gateway.identity.scope import Scope
from gateway.identity.service import Identity, open_identity
from gateway.policy.actor import PUBLIC, Actor
from gateway.settings import GatewaySettings
from tests.gateway.fake_policy import limits_of_tiers, matrix, policy_over, put_policy, rule
from tests.gateway.fake_release import dataset_entry, publish_rows
from tests.gateway.policy.worlds import Row

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECRET = {"cursor_secret": "one secret for all cities", "join_key_secret": "a join key secret of all test cities"}
ODD = "we]ird \"na'me"  # a column name that must be quoted everywhere
DIVISIONS = (
    Division(code="990101", level=3),
    Division(code="990102", level=3),
    *(Division(code=d + s, level=4, parent=d) for d in ("990101", "990102") for s in ("001", "002")),
)
STREETS = tuple(division.code for division in DIVISIONS if division.level == 4)
STREET_A, STREET_B = STREETS[0], STREETS[2]

_CASE: dict[str, tuple[str, Level]] = {
    "case_no": ("VARCHAR", "L1"), "district": ("VARCHAR", "L1"), "street": ("VARCHAR", "L1"), "org": ("VARCHAR", "L1"),
    "reported_on": ("DATE", "L1"), "kind": ("VARCHAR", "L1"), "minutes": ("INTEGER", "L1"), "fee": ("INTEGER", "L2"),
    ODD: ("VARCHAR", "L2"), "note": ("VARCHAR", "L2"), "name": ("VARCHAR", "L3"), "phone": ("VARCHAR", "L3"),
    "id_no": ("VARCHAR", "L4"),
}  # fmt: skip
MASKS: dict[str, MaskKind] = {"note": "free_text", "name": "name", "phone": "mobile", "id_no": "join_key"}
_OPEN = {name: _CASE[name] for name in ("case_no", "district", "street", "kind", "minutes", "fee", "note", "phone")}
COLUMNS: dict[str, dict[str, tuple[str, Level]]] = {
    "cases": _CASE,
    "open_cases": _OPEN,
    "street_pack": {name: _CASE[name] for name in ("case_no", "district", "street", "kind", "fee", "name", "phone")},
    "sealed": {"case_no": ("VARCHAR", "L4"), "name": ("VARCHAR", "L4")},
}
_EXTENTS = {
    "cases": ("conditional", "none"),
    "open_cases": ("unconditional", "unconditional"),
    "street_pack": ("conditional", "none"),
    "sealed": ("none", "none"),
}
_OWN: dict[str, Any] = {"tiers": ("T2", "T3"), "datasets": ("street_pack",), "own_rows": True}
_BUREAU: dict[str, Any] = {"organisations": ("org-bureau",), "datasets": ("cases",)}
RULES = (
    *matrix(),
    rule("pack.own", levels=("L1", "L2"), **_OWN),
    rule("pack.own.masked", levels=("L3",), treatment="masked", **_OWN),
    rule("bureau.keys", columns=("id_no",), treatment="masked", **_BUREAU),
    rule("bureau.kinds", columns=("kind", "minutes"), **_BUREAU),
    rule("deny.phones", effect="deny", datasets=("cases",), columns=("phone",), rows=RowScope(organisations=("B",))),
)
CALLERS = ("public", "developer", "approved", "bureau", "street_a", "street_b", "inspector", "steward", "breaker")
PURPOSE = {"approved": "statistics", "inspector": "audit"}


REQUESTS = ServiceRequests(
    dataset="cases",
    service_code="kind",
    status="district",
    closed=("990101",),
    requested="reported_on",
    description="note",
    agency="org",
)

CODES = CityCodes.model_validate(
    {
        "register": {"dataset": "open_cases", "code": "case_no", "own_code": "kind", "successors": "note"},
        "aliases": {"dataset": "cases", "code": "case_no", "alias": "phone"},
        "parts": {name: {"dataset": name, "code": "case_no"} for name in ("cases", "street_pack", "sealed")},
    }
)


def entries(datasets: dict[str, dict[str, tuple[str, Level]]] | None = None) -> list[Any]:
    """The catalog entries of the city."""
    return [
        dataset_entry(name, columns, ("case_no",), sharing=_EXTENTS[name][0], opening=_EXTENTS[name][1])
        for name, columns in (datasets or COLUMNS).items()
    ]


def policy() -> CompiledPolicy:
    """The policy of the city."""
    scopes = {
        name: ScopeColumns(
            divisions={3: "district", 4: "street"},
            organisations=("org",) if "org" in columns else (),
            time="reported_on" if "reported_on" in columns else None,
        )
        for name, columns in COLUMNS.items()
        if "district" in columns
    }
    enough = limits_of_tiers(cost_per_minute=1_000_000_000)  # the clock stands still: nothing refills
    many = 10**9
    guesses = VerificationLimits(claims=10, claim_cost=1, row_questions_per_month=many, dataset_questions_per_day=many)
    more: dict[str, Any] = {"limits": enough, "verification": guesses}
    return policy_over(entries(), masks=MASKS, scopes=scopes, rules=RULES, divisions=DIVISIONS, **more)


def case(number: int, *, secret: int = 0) -> Row:
    """One case. `secret` varies what masks hide, and nothing else."""
    street = STREETS[number % 4]
    return {
        "case_no": f"C{number:05d}",
        "district": street[:6],
        "street": street,
        "org": "AB"[number % 2],
        "reported_on": date(2026, 1, 1) + timedelta(days=number),
        "kind": ("路灯", "井盖", None)[number % 3],
        "minutes": number * 37 % 11 if number % 5 else None,
        "fee": number % 9,
        ODD: f"o{number % 4}",
        "note": f"来电 139{(number * 7919 + secret * 1013) % 10_000:04d}{number % 50:04d} 反映",
        "name": "张李王赵"[number % 4] + ("伟" if secret == 0 else "芳娜敏静"[secret % 4]),
        "phone": f"138{(number * 6007 + secret * 1709) % 10_000:04d}{number % 70:04d}",
        "id_no": f"990101199001{number:05d}X"[:18],
    }


def tables(count: int = 60) -> dict[str, list[Row]]:
    """The rows of every dataset."""
    return {name: [{c: case(n)[c] for c in columns} for n in range(count)] for name, columns in COLUMNS.items()}


def publish_city(home: Path, rows: dict[str, list[Row]], number: int = 1) -> None:
    """Write a release of the city and put its policy in force."""
    publish_rows(home, number, entries(), rows, REQUESTS, CODES)
    put_policy(home, policy())


@dataclass(frozen=True)
class Holder:
    """A caller: the headers it sends, and the actor it is to the gateway."""

    name: str
    headers: dict[str, str]
    actor: Actor


def register(home: Path, clock: Callable[[], datetime] = lambda: NOW) -> dict[str, Holder]:
    """Register the callers with real keys in the control store of a home."""
    tree = DivisionTree(DIVISIONS)
    identity = _identity(home, clock)
    identity.store.migrate()
    holders = {"public": Holder("public", {}, PUBLIC)}
    homes = {"street_a": (STREET_A,), "street_b": (STREET_B,), "bureau": (), "inspector": ()}
    with identity.store.begin() as session:
        accounts.add_organisation(
            session, code="apps", kind="developer", title=("应用", "Apps"), divisions=(), now=NOW, by="test"
        )
        for name, divisions in homes.items():
            accounts.add_organisation(
                session,
                code=f"org-{name}",
                kind="department",
                title=(name, name),
                divisions=divisions,
                now=NOW,
                by="test",
            )
        for name in CALLERS[1:]:
            steward, developer = name in ("steward", "breaker"), name in ("developer", "approved")
            organisation = None if steward else "apps" if developer else f"org-{name}"
            accounts.add_principal(
                session, name=name, kind="steward" if steward else "person", title=name, organisation=organisation,
                now=NOW, by="test",
            )  # fmt: skip
            if developer:
                accounts.accept_terms(session, name, "1", NOW, "test")
        for name, terms in _grants().items():
            kind = "break_glass" if name == "breaker" else "grant"
            grants.add(session, terms, now=NOW, by="test", principal=name, kind=kind)  # type: ignore[arg-type]
        for name in CALLERS[1:]:
            whole = CredentialTerms(name, "test", Scope(), timedelta(days=1))
            issued = keys.issue(session, identity.hasher, whole, now=NOW, by="test")
            purpose = {"CivicLake-Purpose": PURPOSE[name]} if name in PURPOSE else {}
            headers = {KEY_HEADER: issued.text, **purpose}
            holders[name] = Holder(name, headers, actor_for(session, name, NOW, tree=tree).actor)
    identity.close()
    return holders


def administration_key(home: Path, steward: str) -> str:
    """A key of a steward's that administers."""
    return another_key(home, steward, Scope(admin=True))


def another_key(home: Path, holder: str, scope: Scope) -> str:
    """One more key of somebody's, as wide as the scope."""
    identity = _identity(home, lambda: NOW)
    terms = CredentialTerms(holder, "test", scope, timedelta(days=1))
    with identity.store.begin() as session:
        text = keys.issue(session, identity.hasher, terms, now=NOW, by="test").text
    identity.close()
    return text


def _identity(home: Path, clock: Callable[[], datetime]) -> Identity:
    settings, tree = GatewaySettings(home=home, **SECRET), DivisionTree(DIVISIONS)  # type: ignore[arg-type]
    return open_identity(settings, Workspace(home), clock=clock, tree=lambda: tree)


def _grants() -> dict[str, GrantTerms]:
    terms: dict[str, Any] = {"basis": "test", "starts_at": NOW, "expires_at": NOW + timedelta(days=30)}
    seen = ("read", "aggregate", "export", "sandbox")
    return {
        "approved": GrantTerms(
            dataset="open_cases", columns=("fee", "note"), clear_columns=(), actions=seen,
            purposes=("statistics",), **terms,
        ),
        "inspector": GrantTerms(
            dataset="cases", columns=("case_no", "district", "kind", "fee", ODD, "note", "name"),
            clear_columns=("phone", "id_no"), actions=(*seen, "verify"), rows=RowScope(divisions=("990101",)),
            purposes=("audit",), **terms,
        ),
        "breaker": GrantTerms(dataset="cases", columns=(), clear_columns=(), actions=("read",), **terms),
    }  # fmt: skip
