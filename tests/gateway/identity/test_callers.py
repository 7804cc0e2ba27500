"""From credential to actor: keys, tokens, delegation, grants, and that whatever is revoked is refused at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from catalog.policy.model import RowScope
from gateway.control import accounts, clients, delegations, grants, keys
from gateway.control.credentials import CredentialTerms
from gateway.control.tables.identity import ApiKey
from gateway.identity.callers import Identified
from gateway.identity.presented import Presented
from gateway.identity.scope import Scope
from gateway.identity.secret_text import mint
from gateway.policy.actor import Actor, TokenScope
from gateway.problems import AccountNotInForce, Problem, Unauthenticated
from tests.gateway.identity.conftest import Office


def find(office: Office, key: str) -> Identified:
    return office.identity.callers.find(Presented("key", key))


def grant(office: Office, days: float = 10, *, after: float = 0, **holder: str) -> str:
    now = office.clock()
    terms = grants.GrantTerms(
        dataset="permits",
        columns=("party",),
        clear_columns=(),
        actions=("read",),
        basis="a law",
        starts_at=now + timedelta(days=after),
        expires_at=now + timedelta(days=after + days),
    )
    with office.store.begin() as session:
        return grants.add(session, terms, now=now, by="test", **holder).id  # type: ignore[arg-type]


def delegate(office: Office, scope: Scope, days: float = 10) -> str:
    now = office.clock()
    with office.store.begin() as session:
        expires = now + timedelta(days=days)
        return delegations.delegate(session, system="board", scope=scope, expires=expires, now=now, by="test").id


def test_a_key_gives_its_holder(office: Office) -> None:
    found = find(office, office.key("ann").text)
    assert found.actor == Actor("ann", "T2", "A", ("990101",), consumer="A")
    assert (found.method, found.admin) == ("key", False)


def test_the_key_itself_is_stored_nowhere(office: Office) -> None:
    issued = office.key("ann")
    find(office, issued.text)
    with office.store.read() as session:
        row = session.execute(text("SELECT * FROM api_key")).one()
    assert issued.text.rpartition("_")[2] not in repr(row)
    assert issued.text not in repr(issued)


@pytest.mark.parametrize("wrong", ["clk_", "", "x" * 70, "other key", "other secret", "client secret"])
def test_a_wrong_key_is_refused_and_never_the_public(office: Office, wrong: str) -> None:
    issued = office.key("ann")
    body = f"clk_{issued.row.id}_" + mint("clk").text[17:]
    texts = {"other key": mint("clk").text, "other secret": body, "client secret": mint("cls").text}
    with pytest.raises(Unauthenticated) as refusal:
        find(office, texts.get(wrong, wrong))
    assert refusal.value.headers["WWW-Authenticate"].startswith("Bearer ")


def _revoked_key(office: Office, key: ApiKey, now: datetime) -> None:
    with office.store.begin() as session:
        keys.revoke(session, key.id, now)


def _suspended_person(office: Office, _: ApiKey, now: datetime) -> None:
    with office.store.begin() as session:
        accounts.suspend_principal(session, "ann", now)


def _suspended_organisation(office: Office, _: ApiKey, now: datetime) -> None:
    with office.store.begin() as session:
        accounts.suspend_organisation(session, "A", now)


def _time_gone_by(office: Office, _: ApiKey, __: datetime) -> None:
    office.clock.forward(days=30)


@pytest.mark.parametrize("end", [_revoked_key, _suspended_person, _suspended_organisation, _time_gone_by])
def test_what_ends_is_refused_from_the_next_request_on(
    office: Office, end: Callable[[Office, ApiKey, datetime], None]
) -> None:
    issued = office.key("ann")
    for _ in range(3):
        find(office, issued.text)
    end(office, issued.row, office.clock())
    with pytest.raises(Problem) as refusal:
        find(office, issued.text)
    assert isinstance(refusal.value, Unauthenticated | AccountNotInForce)


def test_a_rotated_key_goes_on_for_the_overlap_and_its_successor_beyond(office: Office) -> None:
    issued = office.key("ann", Scope(datasets=("permits",)))
    with office.store.begin() as session:
        fresh = keys.rotate(
            session,
            office.identity.hasher,
            issued.row.id,
            overlap=timedelta(hours=2),
            lifetime=timedelta(days=30),
            now=office.clock(),
            by="test",
        )
    assert find(office, issued.text).actor == find(office, fresh.text).actor
    office.clock.forward(hours=2)
    assert find(office, fresh.text).actor.token == TokenScope(datasets=frozenset({"permits"}))
    with pytest.raises(Unauthenticated, match="expired"):
        find(office, issued.text)


def test_grants_come_and_go_by_themselves(office: Office) -> None:
    key = office.key("ann").text
    grant(office, days=2, after=1, principal="ann")
    grant(office, days=5, organisation="A")
    seen = []
    for _ in range(7):
        seen.append(len(find(office, key).actor.grants))
        office.clock.forward(days=1)
    assert seen == [1, 2, 2, 1, 1, 0, 0]


def test_a_revoked_grant_is_gone_with_the_next_request(office: Office) -> None:
    key = office.key("ann").text
    given = grant(office, principal="ann")
    assert [g.id for g in find(office, key).actor.grants] == [given]
    with office.store.begin() as session:
        grants.revoke(session, given, "no longer needed", office.clock())
    assert find(office, key).actor.grants == ()


def test_a_specific_grant_makes_the_tier_t3_while_it_lasts(office: Office) -> None:
    key, now = office.key("ann").text, office.clock()
    terms = grants.GrantTerms("permits", (), ("party",), ("read",), "a law", now, now + timedelta(days=1))
    with office.store.begin() as session:
        grants.add(session, terms, principal="ann", now=now, by="test")
    assert find(office, key).actor.tier == "T3"
    office.clock.forward(days=1)
    assert find(office, key).actor.tier == "T2"


def test_a_system_has_what_is_delegated_and_its_key_narrows_that(office: Office) -> None:
    grant(office, organisation="A")
    rows = RowScope(divisions=("990101",))
    key = office.key("board", Scope(datasets=("permits", "penalties"), rows=RowScope(divisions=("990101001",)))).text
    with pytest.raises(AccountNotInForce, match="delegation"):
        find(office, key)
    delegation = delegate(office, Scope(datasets=("permits",), rows=rows), days=3)
    actor = find(office, key).actor
    assert (actor.id, actor.tier, actor.organisation, len(actor.grants)) == ("board", "T2", "A", 1)
    assert actor.token == TokenScope(frozenset({"permits"}), rows=RowScope(divisions=("990101001",)))
    delegate(office, Scope(datasets=("tickets",)))
    assert find(office, key).actor.token == TokenScope(frozenset(), rows=RowScope(divisions=("990101001",)))
    latest = delegate(office, Scope(), days=2)
    assert latest != delegation
    office.clock.forward(days=2)
    with pytest.raises(AccountNotInForce):
        find(office, key)


def test_a_developer_signs_the_terms_first(office: Office) -> None:
    key = office.key("dev").text
    with pytest.raises(AccountNotInForce, match="terms"):
        find(office, key)
    with office.store.begin() as session:
        accounts.accept_terms(session, "dev", "2024-1", office.clock(), "test")
    assert find(office, key).actor == Actor("dev", "T1", consumer="dev")


def test_only_a_key_of_a_steward_with_that_scope_administers(office: Office) -> None:
    assert find(office, office.key("sue", Scope(admin=True)).text).admin
    assert not find(office, office.key("sue").text).admin
    with pytest.raises(Exception, match="only a steward"):
        office.key("ann", Scope(admin=True))


def test_break_glass_names_datasets_for_its_time(office: Office) -> None:
    key, now = office.key("sue").text, office.clock()
    terms = grants.GrantTerms("permits", (), (), ("read",), "incident 7", now, now + timedelta(hours=1))
    with office.store.begin() as session:
        grants.add(session, terms, principal="sue", now=now, by="test", kind="break_glass")
    assert find(office, key).actor.break_glass == ("permits",)
    office.clock.forward(hours=1)
    assert find(office, key).actor.break_glass == ()


def test_the_use_of_a_key_is_noted_once_a_minute_and_forgets_nobody(office: Office) -> None:
    issued = office.key("ann")

    def used() -> datetime | None:
        with office.store.read() as session:
            return keys.key_of(session, issued.row.id).last_used_at

    revision = office.store.revision()
    began = office.clock()
    for _ in range(3):
        find(office, issued.text)
        office.clock.forward(seconds=25)
    assert used() == began
    find(office, issued.text)
    assert used() == began + timedelta(seconds=75)
    assert office.store.revision() == revision


def test_a_token_is_refused_once_its_client_is_revoked(office: Office) -> None:
    delegate(office, Scope())
    with office.store.begin() as session:
        terms = CredentialTerms("board", "", Scope(), timedelta(days=30))
        client = clients.add_client(session, office.identity.hasher, terms, now=office.clock(), by="test")
    form = f"grant_type=client_credentials&client_id={client.row.id}&client_secret={client.secret}"
    status, document, _ = office.identity.tokens.answer(form.encode(), {})
    assert status == 200, document
    presented = Presented("token", document["access_token"])
    assert office.identity.callers.find(presented).actor.id == "board"
    with office.store.begin() as session:
        clients.revoke_client(session, client.row.id, office.clock())
    with pytest.raises(Unauthenticated):
        office.identity.callers.find(presented)
