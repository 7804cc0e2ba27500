"""Acts on the control store, on both databases: what they write, and what they refuse and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from catalog.contract.options import Title
from catalog.policy.divisions import DivisionTree
from catalog.policy.model import ColumnPolicy, CompiledPolicy, DatasetPolicy, RowScope
from gateway.control import accounts, clients, delegations, grants, keys
from gateway.control.actors import NotInForceError, actor_for
from gateway.control.credentials import CredentialTerms, check_names
from gateway.control.documents import document
from gateway.control.errors import ConflictError, ControlError, UnknownError
from gateway.control.sessions import begin_session, end_session
from gateway.control.store import ControlStore
from gateway.control.tables.identity import LoginSession
from gateway.identity.scope import Scope
from gateway.identity.secret_text import Hasher
from gateway.policy.actor import Grant, TokenScope

NOW = datetime(2024, 5, 1, 8, tzinfo=UTC)
MONTH = timedelta(days=30)
HASHER = Hasher(b"pepper of this test")
NOWHERE = DivisionTree(())
POLICY = CompiledPolicy(
    version="1",
    city="town",
    rules=(),
    datasets=(
        DatasetPolicy(
            id="permits",
            sharing="conditional",
            opening="none",
            columns=(ColumnPolicy(name="party", level="L2"), ColumnPolicy(name="phone", level="L3")),
        ),
    ),
    limits={},
    clocks={},
    minimum_cell=5,
    purposes={"inspection": Title(zh="检查", en="Inspection")},
)


@pytest.fixture
def session(store: ControlStore) -> Iterator[Session]:
    """A transaction with department A, its person ann and system board, an operator's person op, a steward sue."""
    with store.begin() as opened:
        for code, kind in (("A", "department"), ("OP", "operator"), ("DEV", "developer")):
            accounts.add_organisation(
                opened, code=code, kind=kind, title=("甲", code), divisions=("990101",), now=NOW, by="test"
            )
        for name, kind, home in (
            ("ann", "person", "A"),
            ("board", "system", "A"),
            ("op", "person", "OP"),
            ("dev", "person", "DEV"),
            ("sue", "steward", None),
        ):
            person(opened, name, kind, home)
        yield opened


def person(session: Session, name: str, kind: str = "person", home: str | None = "A", **more: Any) -> None:
    accounts.add_principal(session, name=name, kind=kind, title=name, organisation=home, now=NOW, by="test", **more)


def key(session: Session, principal: str, days: float = 30, **scope: Any) -> keys.IssuedKey:
    given = CredentialTerms(principal, "", Scope(**scope), timedelta(days=days))
    return keys.issue(session, HASHER, given, now=NOW, by="test")


def terms(**changes: Any) -> grants.GrantTerms:
    given: dict[str, Any] = {
        "dataset": "permits",
        "columns": ("party",),
        "clear_columns": (),
        "actions": ("read",),
        "basis": "a law",
        "starts_at": NOW,
        "expires_at": NOW + MONTH,
    }
    return grants.GrantTerms(**(given | changes))


def test_tiers_follow_from_where_one_belongs(session: Session) -> None:
    person(session, "alone", home=None)
    tiers = {row.id: row.tier for row in accounts.principals(session)}
    assert tiers == {"ann": "T2", "board": "T2", "op": "T1R", "dev": "T1", "sue": "T4", "alone": "T1"}
    assert [row.id for row in accounts.principals(session, "A")] == ["ann", "board"]


def test_own_area_goes_before_that_of_the_organisation(session: Session) -> None:
    person(session, "street", divisions=("990101001",))
    assert actor_for(session, "street", NOW, tree=NOWHERE).actor.jurisdictions == ("990101001",)
    assert actor_for(session, "ann", NOW, tree=NOWHERE).actor.jurisdictions == ("990101",)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"name": "ann"}, ConflictError, "registered already"),
        ({"name": "public"}, ControlError, "cannot be an id"),
        ({"name": "Ann B"}, ControlError, "cannot be an id"),
        ({"name": "x1", "home": "NO"}, UnknownError, "access org add NO"),
        ({"name": "x1", "kind": "robot"}, ControlError, "none of person, system, steward"),
        ({"name": "x1", "kind": "system", "home": None}, ControlError, "belongs to an organisation"),
    ],
)
def test_who_cannot_be_registered(
    session: Session, arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        person(session, **arguments)


def test_one_login_is_one_person(session: Session) -> None:
    person(session, "one", login="u-1")
    with pytest.raises(ConflictError, match="u-1"):
        person(session, "two", login="u-1")


def test_keys_are_found_by_public_id_and_shown_without_hash(session: Session) -> None:
    issued = key(session, "ann", datasets=("permits",))
    row = keys.key_of(session, issued.text.split("_")[1])
    assert HASHER.matches(issued.text, row.hash)
    shown = document(row, UTC)
    assert "hash" not in shown
    assert shown["scope"] == {"datasets": ["permits"]}
    assert [found.id for found in keys.keys(session, "ann")] == [issued.row.id]
    with pytest.raises(UnknownError, match="no key nothing"):
        keys.revoke(session, "nothing", NOW)
    with pytest.raises(ControlError, match="positive"):
        key(session, "ann", days=0)


def test_a_key_is_rotated_once_and_never_prolonged_by_it(session: Session) -> None:
    old = key(session, "ann", days=1)

    def rotate() -> keys.IssuedKey:
        return keys.rotate(session, HASHER, old.row.id, overlap=timedelta(days=7), lifetime=MONTH, now=NOW, by="test")

    fresh = rotate()
    assert (old.row.replaced_by, old.row.expires_at) == (fresh.row.id, NOW + timedelta(days=1))
    with pytest.raises(ConflictError, match=fresh.row.id):
        rotate()
    old.row.replaced_by = None
    keys.revoke(session, old.row.id, NOW)
    with pytest.raises(ConflictError, match="no longer in force"):
        rotate()


def test_a_successor_has_the_term_of_its_key_as_far_as_today_allows(session: Session) -> None:
    for longest, days in ((366, 90), (60, 60)):
        old = key(session, "ann", days=90)
        terms: dict[str, timedelta] = {"overlap": timedelta(), "longest": timedelta(days=longest)}
        fresh = keys.rotate(session, HASHER, old.row.id, lifetime=None, now=NOW, by="test", **terms)
        assert fresh.row.expires_at == NOW + timedelta(days=days)


def test_people_are_no_oauth_clients(session: Session) -> None:
    with pytest.raises(ControlError, match="sign in or use an API key"):
        clients.add_client(session, HASHER, CredentialTerms("ann", "", Scope(), MONTH), now=NOW, by="test")


def test_a_delegation_takes_the_place_of_the_one_before(session: Session) -> None:
    def delegate(system: str, until: datetime = NOW + MONTH, **scope: Any) -> str:
        return delegations.delegate(session, system=system, scope=Scope(**scope), expires=until, now=NOW, by="t").id

    first, second = delegate("board"), delegate("board", datasets=("permits",))
    found = delegations.delegation_to(session, "board", NOW)
    assert found is not None
    assert (found.id, first != second) == (second, True)
    assert actor_for(session, "board", NOW, tree=NOWHERE).actor.token == TokenScope(frozenset({"permits"}))
    for system, words in (("ann", "is a person"), ("sue", "is a steward")):
        with pytest.raises(ControlError, match=words):
            delegate(system)
    with pytest.raises(ControlError, match="cannot be delegated"):
        delegate("board", admin=True)
    with pytest.raises(ControlError, match="end before"):
        delegate("board", NOW)
    delegations.revoke_delegation(session, second, NOW)
    with pytest.raises(NotInForceError, match="delegation"):
        actor_for(session, "board", NOW, tree=NOWHERE)


def test_a_grant_comes_back_as_it_was_given(session: Session) -> None:
    rows = RowScope(divisions=("990101",), since=NOW.date())
    given = terms(rows=rows, purposes=("inspection",), clear_columns=("phone",), statutory=True)
    row = grants.add(session, given, principal="ann", now=NOW, by="test", request="req-1")
    session.expire_all()
    [found] = actor_for(session, "ann", NOW, tree=NOWHERE).actor.grants
    assert found == Grant(
        row.id, "permits", ("party",), ("phone",), ("read",), rows, ("inspection",), NOW + MONTH, statutory=True
    )
    assert (row.request, row.basis) == ("req-1", "a law")


def test_an_actor_tells_when_time_alone_will_change_it(session: Session) -> None:
    assert actor_for(session, "ann", NOW, tree=NOWHERE).until == NOW + timedelta(days=1)
    hour = timedelta(hours=1)
    grants.add(session, terms(expires_at=NOW + 3 * hour), principal="ann", now=NOW, by="test")
    grants.add(session, terms(starts_at=NOW + 2 * hour), organisation="A", now=NOW, by="test")
    assert actor_for(session, "ann", NOW, tree=NOWHERE).until == NOW + 2 * hour
    assert actor_for(session, "ann", NOW + 2 * hour, tree=NOWHERE).until == NOW + 3 * hour


@pytest.mark.parametrize(
    ("changes", "holder", "words"),
    [
        ({"basis": " "}, {"principal": "ann"}, "basis"),
        ({"columns": ()}, {"principal": "ann"}, "columns"),
        ({"actions": ()}, {"principal": "ann"}, "actions"),
        ({"expires_at": NOW}, {"principal": "ann"}, "end before"),
        ({}, {}, "one holder"),
        ({}, {"principal": "ann", "organisation": "A"}, "one holder"),
        ({}, {"principal": "board"}, "its organisation, which delegates"),
        ({}, {"principal": "sue"}, "break-glass only"),
        ({}, {"principal": "ann", "kind": "break_glass"}, "for stewards"),
        ({}, {"organisation": "A", "kind": "break_glass"}, "not for an organisation"),
        ({}, {"principal": "nobody"}, "nobody is registered"),
    ],
)
def test_what_cannot_be_granted(session: Session, changes: dict[str, Any], holder: dict[str, Any], words: str) -> None:
    with pytest.raises(ControlError, match=words):
        grants.add(session, terms(**changes), now=NOW, by="test", **holder)


def test_a_grant_names_what_the_policy_knows(session: Session) -> None:
    def give(policy: CompiledPolicy = POLICY, **changes: Any) -> None:
        grants.add(session, terms(**changes), principal="ann", now=NOW, by="test", policy=policy)

    give(purposes=("inspection",))
    for changes, words in (
        ({"dataset": "permit"}, "knows no permit; it knows permits"),
        ({"columns": ("party", "nobody")}, "has no nobody; it has party"),
        ({"purposes": ("fun",)}, "knows no fun; it knows inspection"),
    ):
        with pytest.raises(UnknownError, match=words):
            give(**changes)
    with pytest.raises(ControlError, match="rows: no row of the dataset can be told"):
        give(rows=RowScope(divisions=("990101",)))


def test_a_scope_names_what_the_policy_knows() -> None:
    check_names(POLICY, Scope(datasets=("permits",), columns=("party",)))
    check_names(None, Scope(datasets=("permitz",)))
    for scope, words in (
        (Scope(datasets=("permitz",)), "knows no permitz; it knows permits"),
        (Scope(datasets=("permits",), columns=("permit_no",)), "permits has no permit_no; there are party, phone"),
        (Scope(columns=("permit_no",)), "the policy has no permit_no"),
    ):
        with pytest.raises(ControlError, match=words):
            check_names(POLICY, scope)


def test_a_suspension_can_be_taken_back(session: Session) -> None:
    accounts.suspend_principal(session, "ann", NOW)
    accounts.suspend_organisation(session, "A", NOW)
    for resume in (
        lambda: accounts.resume_principal(session, "ann"),
        lambda: accounts.resume_organisation(session, "A"),
    ):
        with pytest.raises(NotInForceError, match="suspended"):
            actor_for(session, "ann", NOW, tree=NOWHERE)
        resume()
    assert actor_for(session, "ann", NOW, tree=NOWHERE).actor.tier == "T2"


def test_a_grant_is_revoked_once_and_for_a_reason(session: Session) -> None:
    row = grants.add(session, terms(), principal="ann", now=NOW, by="test")
    with pytest.raises(ControlError, match="say why"):
        grants.revoke(session, row.id, " ", NOW)
    grants.revoke(session, row.id, "the case is closed", NOW)
    assert (row.revoked_at, row.revoked_for) == (NOW, "the case is closed")
    with pytest.raises(ConflictError, match="2024-05-01"):
        grants.revoke(session, row.id, "again", NOW)


def test_the_newest_terms_are_asked_for_where_a_version_is_named(session: Session) -> None:
    accounts.accept_terms(session, "dev", "2024-1", NOW, "test")
    accounts.accept_terms(session, "dev", "2024-1", NOW + MONTH, "test")
    assert actor_for(session, "dev", NOW, tree=NOWHERE).actor.tier == "T1"
    with pytest.raises(NotInForceError, match="terms"):
        actor_for(session, "dev", NOW, tree=NOWHERE, terms="2025-1")


def test_sessions_are_for_registered_logins_and_old_ones_are_swept(session: Session) -> None:
    person(session, "bea", login="u-7")
    first = begin_session(session, HASHER, "u-7", NOW, timedelta(hours=8))
    end_session(session, HASHER, first, NOW)
    end_session(session, HASHER, "no such session", NOW)
    later = NOW + timedelta(days=3)
    second = begin_session(session, HASHER, "u-7", later, timedelta(hours=8))
    assert session.get(LoginSession, HASHER.hash(first)) is None
    assert session.get_one(LoginSession, HASHER.hash(second)).principal == "bea"
    with pytest.raises(UnknownError):
        begin_session(session, HASHER, "u-8", NOW, MONTH)
