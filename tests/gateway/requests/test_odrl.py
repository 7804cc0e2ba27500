"""A grant told in ODRL and read back by a reader that knows ODRL, not the writer, is the same grant."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.policy.model import RowScope
from gateway.control import odrl
from gateway.control.tables.grants import GrantRow

TEXT = st.text(min_size=1, max_size=8)
NAMES = st.lists(TEXT, max_size=3, unique=True)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
DAYS = st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1))
ACTIONS = st.lists(
    st.sampled_from(["read", "aggregate", "export", "verify", "sandbox"]), min_size=1, max_size=3, unique=True
)


@st.composite
def grants(draw: st.DrawFn) -> GrantRow:
    masked, clear = draw(NAMES), draw(NAMES)
    rows = RowScope(divisions=tuple(draw(NAMES)), organisations=tuple(draw(NAMES)), since=draw(DAYS), until=draw(DAYS))
    holder = draw(TEXT)
    to_person = draw(st.booleans())
    return GrantRow(
        id=draw(TEXT),
        kind="grant",
        principal=holder if to_person else None,
        organisation=None if to_person else holder,
        dataset=draw(TEXT),
        columns=masked if masked or clear else ["a"],
        clear_columns=clear,
        actions=draw(ACTIONS),
        rows=rows.model_dump(mode="json", exclude_defaults=True),
        purposes=draw(st.lists(st.sampled_from(["audit", "statistics"]), max_size=2, unique=True)),
        statutory=draw(st.booleans()),
        basis=draw(TEXT),
        starts_at=draw(MOMENTS),
        expires_at=draw(MOMENTS),
        revoked_at=None,
        revoked_for=None,
        request=draw(st.none() | TEXT),
        created_at=draw(MOMENTS),
        created_by="test",
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(grants())
def test_a_grant_survives_the_way_through_odrl(row: GrantRow) -> None:
    document = orjson.loads(orjson.dumps(odrl.agreement(row, "health", UTC)))
    told = read(document)
    for name, value in told.items():
        assert getattr(row, name) == value, name
    assert {column.key for column in GrantRow.__table__.columns} - set(told) == {
        "kind", "revoked_at", "revoked_for", "created_by",
    }  # fmt: skip
    assert document["assigner"] == "urn:civiclake:organisation:health"
    assert [rule["action"] for rule in document["prohibition"]] == ["distribute"]


def read(document: dict[str, Any]) -> dict[str, Any]:
    """The fields of the grant behind an agreement."""
    assert document["@context"][0] == "http://www.w3.org/ns/odrl.jsonld"
    assert (document["@type"], document["profile"]) == ("Agreement", "urn:civiclake:odrl:1")
    rules = document["permission"]
    first = rules[0]
    refined = [_constraints(rule["target"]["refinement"]) for rule in rules]
    by_treatment = {found["civiclake:treatment", "eq"]: found["civiclake:column", "isAnyOf"] for found in refined}
    assert all(rule["constraint"] == first["constraint"] and rule["action"] == first["action"] for rule in rules)
    limits, rows = _constraints(first["constraint"]), refined[0]
    parts = {
        "divisions": rows.get(("civiclake:division", "isAnyOf")),
        "organisations": rows.get(("civiclake:organisation", "isAnyOf")),
        "since": rows.get(("civiclake:day", "gteq")),
        "until": rows.get(("civiclake:day", "lt")),
    }
    kind, holder = _named(document["assignee"])
    request = document.get("civiclake:request")
    return {
        "id": _named(document["uid"])[1],
        "principal": holder if kind == "principal" else None,
        "organisation": holder if kind == "organisation" else None,
        "dataset": _named(first["target"]["source"])[1],
        "columns": by_treatment.get("masked", []),
        "clear_columns": by_treatment.get("clear", []),
        "actions": [action.removeprefix("civiclake:") for action in first["action"]],
        "rows": {name: value for name, value in parts.items() if value is not None},
        "purposes": [p.removeprefix("civiclake:purpose-") for p in limits.get(("purpose", "isAnyOf"), [])],
        "statutory": document["civiclake:statutory"],
        "basis": document["dcterms:source"],
        "starts_at": datetime.fromisoformat(limits["dateTime", "gteq"]),
        "expires_at": datetime.fromisoformat(limits["dateTime", "lt"]),
        "request": None if request is None else _named(request)[1],
        "created_at": datetime.fromisoformat(document["dcterms:issued"]["@value"]),
    }


def _constraints(found: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    def value(right: Any) -> Any:
        return right["@value"] if isinstance(right, dict) else right

    return {(c["leftOperand"], c["operator"]): value(c["rightOperand"]) for c in found}


def _named(uid: str) -> tuple[str, str]:
    kind, name = uid.removeprefix("urn:civiclake:").split(":", 1)
    return kind, unquote(name)


def test_a_revoked_grant_says_so() -> None:
    row = GrantRow(
        id="g", kind="grant", principal="p", dataset="d", columns=["a"], clear_columns=[], actions=["read"], rows={},
        purposes=[], statutory=False, basis="b", starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        expires_at=datetime(2026, 2, 1, tzinfo=UTC), revoked_at=datetime(2026, 1, 5, tzinfo=UTC), request=None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC), created_by="s",
    )  # fmt: skip
    assert odrl.agreement(row, None, UTC)["civiclake:revoked"]["@value"] == "2026-01-05T00:00:00+00:00"
    assert odrl.agreement(row, None, UTC)["assigner"] == "urn:civiclake:organisation:authority"
