"""Single decisions: how far a grant goes, until when, and whom a denial meets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from catalog.policy.model import RowScope
from gateway.policy.actor import Actor, Grant
from gateway.policy.decide import decide
from gateway.policy.masks import JoinKeys
from gateway.policy.project import project
from tests.gateway.fake_policy import TODAY, policy_over, rule
from tests.gateway.fake_release import dataset_entry
from tests.gateway.policy.city import COLUMNS, NOW, entries, policy
from tests.gateway.policy.worlds import PURPOSES


def grant(name: str, columns: tuple[str, ...], clear: tuple[str, ...] = ()) -> Grant:
    return Grant(name, "cases", columns, clear, ("read",), RowScope(), (), NOW.replace(year=2027))


def test_a_specific_grant_makes_no_other_one_specific() -> None:
    """Hasura 10711 again: the tier follows from all grants together, what one of them opens from itself alone."""
    notes = dataset_entry("notes", {"no": ("VARCHAR", "L1"), "note": ("VARCHAR", "L3")}, ("no",), sharing="conditional")
    plain = replace(grant("plain", ("no", "note")), dataset="notes")
    elsewhere = grant("elsewhere", (), ("phone",))
    for tier, held in (("T2", (plain,)), ("T3", (plain, elsewhere))):
        caller = Actor("x", tier, grants=held)  # type: ignore[arg-type]
        decision = decide(policy_over([notes]), caller, "read", "notes", None, TODAY)
        assert decision.columns == ("no",), "without a mask nothing of a level above L2 is masked"


def test_a_grant_holds_to_its_last_moment_on_any_clock() -> None:
    """The city is ahead of the zone in which the end is kept: its next day has begun there already."""
    until = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
    held = replace(grant("a", ("case_no",)), expires_at=until)
    assert decide(policy(), Actor("x", "T2", grants=(held,)), "read", "cases", None, date(2026, 11, 23)).allow
    assert not decide(policy(), Actor("x", "T2", grants=(held,)), "read", "cases", None, date(2026, 11, 24)).allow


def test_a_denied_purpose_is_not_got_round_by_stating_none() -> None:
    denied = rule("no.research", effect="deny", datasets=("cases",), columns=("minutes",), purposes=("statistics",))
    city = policy()
    city = city.model_copy(update={"rules": (*city.rules, denied)})
    caller = Actor("x", "T2", organisation="org-bureau")
    seen = {purpose: decide(city, caller, "read", "cases", purpose, TODAY).columns for purpose in (None, *PURPOSES)}
    assert {purpose: "minutes" in columns for purpose, columns in seen.items()} == {
        None: False, "statistics": False, "audit": True
    }  # fmt: skip


def test_an_edition_changes_with_the_secret_of_join_keys() -> None:
    """Else whoever holds an answer with pseudonyms is told that it has not changed."""
    caller = Actor("x", "T2", organisation="org-bureau", consumer="org-bureau")
    decision = decide(policy(), caller, "read", "cases", None, TODAY)
    [cases] = [entry for entry in entries() if entry.id == "cases"]

    def edition(secret: bytes) -> str:
        view = project(
            cases, decision, stored={name: kind for name, (kind, _) in COLUMNS["cases"].items()}, stored_sorted=True,
            table=("a", "b", "c"), row_count=1, files={}, release="1", keys=JoinKeys(secret),
        )  # fmt: skip
        assert view is not None
        return view.edition

    assert edition(b"one secret") == edition(b"one secret") != edition(b"another secret")
