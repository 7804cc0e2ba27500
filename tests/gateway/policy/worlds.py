"""Generated worlds: one small table, policies over it, and callers with grants, tokens and homes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st

from catalog.contract.options import Level
from catalog.policy.model import (
    ColumnPolicy,
    CompiledPolicy,
    DatasetPolicy,
    Division,
    PolicyRule,
    RowScope,
    ScopeColumns,
)
from gateway.policy.actor import Actor, Grant, TokenScope
from tests.gateway.fake_policy import LIMITS, TIERS, TODAY, WHY

Row = dict[str, Any]
of = cache(st.sampled_from)
"""Strategies are made once: Hypothesis looks each one through before it first draws from it."""
rarely = of((False,) * 7 + (True,))

# 1 and 2 are districts, 11 a street in 1, 111 a community in 11. Codes of other worlds are in no tree.
DIVISIONS = (
    Division(code="1", level=3),
    Division(code="2", level=3),
    *(Division(code=d + s, level=4, parent=d) for d in "12" for s in "12"),
    *(Division(code=d + s + c, level=5, parent=d + s) for d in "12" for s in "12" for c in "12"),
)
_SCOPED_BY = st.sampled_from(({3: "d3", 4: "d4"}, {3: "d3", 4: "d4"}, {3: "d3"}, {4: "d4"}, {}))
STREETS = ("11", "12", "21", "22")
DAYS = (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))
PURPOSES = ("statistics", "audit")

TYPES = {
    "id": "INTEGER",
    "d3": "VARCHAR",
    "d4": "VARCHAR",
    "org": "VARCHAR",
    "org2": "VARCHAR",
    "day": "DATE",
    "name": "VARCHAR",
    "phone": "VARCHAR",
    "fee": "INTEGER",
    "note": "VARCHAR",
    "secret": "VARCHAR",
}
NAMES = tuple(TYPES)
DATA = tuple(name for name in NAMES if name not in ("id", "d3", "d4", "org", "org2", "day"))


@dataclass(frozen=True)
class World:
    """A question put to a policy over a table."""

    policy: CompiledPolicy
    actor: Actor
    action: Any
    purpose: str | None
    rows: tuple[Row, ...]
    today: date = TODAY
    dataset: str = "t"

    def asked_by(self, **changes: Any) -> World:
        """The same question by another caller."""
        return replace(self, actor=replace(self.actor, **changes))


@cache
def some(values: Any, most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    """A few of the values, each at most once; often none."""
    return st.one_of(st.just(()), st.just(()), st.lists(of(values), unique=True, min_size=1, max_size=most).map(tuple))


@cache
def scopes() -> st.SearchStrategy[RowScope]:
    """Row scopes of every kind, divisions of all levels and unknown ones among them."""
    places = st.lists(of(("1", "2", *STREETS, "111", "212", "9")), unique=True, min_size=1, max_size=3)
    holders = of((("A",), ("B",), ("A", "B")))
    moments = of((None, *DAYS))
    return st.one_of(
        st.builds(RowScope, divisions=places),
        st.builds(RowScope, organisations=holders),
        st.just(RowScope()),
        st.builds(RowScope, since=moments, until=moments),
        st.builds(RowScope, divisions=places, organisations=holders, since=moments),
    )


@cache
@st.composite
def rules(draw: st.DrawFn, number: int) -> PolicyRule:
    """One rule; deny rules are rarer, and narrow rows in one way only."""
    deny = draw(rarely)
    own = draw(rarely)
    meant = draw(rarely)  # the others apply to everybody, or most rules would never apply
    return PolicyRule(
        id=f"r{number}",
        effect="deny" if deny else "allow",
        reason=WHY,
        tiers=draw(some(("T1", "T2", "T3"), 3)) if meant else (),
        actions=draw(of((("read",), ("aggregate", "read"), ("describe",)))) if meant else (),
        datasets=draw(of(((), (), ("t",), ("t",), ("other",)))),
        organisations=draw(of((("A",), ("B",), ("A", "B")))) if draw(rarely) else (),
        purposes=draw(of(((), ("statistics",)))) if meant else (),
        sharing=draw(of(((), ("conditional",), ("none",)))) if meant else (),
        columns=draw(some(NAMES, 5)) if draw(st.booleans()) else (),
        levels=draw(some(("L1", "L2", "L3", "L4"), 3)) if draw(st.booleans()) else (),
        treatment=draw(of(("clear",) * 4 + ("masked",) * 4 + ("aggregate", "verify"))),
        granted=not deny and draw(st.booleans()),
        rows=RowScope() if own else draw(scopes()),
        own_rows=own and draw(st.booleans()),
        own_organisation=own and draw(st.booleans()),
        valid_from=draw(of((None, date(2026, 1, 1), TODAY, date(2027, 1, 1)))) if meant else None,
        valid_until=draw(of((None, date(2027, 1, 1), TODAY))) if meant else None,
    )


named = st.lists(of(NAMES), unique=True, max_size=7).map(tuple)


@cache
@st.composite
def grants(draw: st.DrawFn, number: int) -> Grant:
    """One grant, sometimes of another dataset, action or time."""
    return Grant(
        id=f"g{number}",
        dataset=draw(of(("t",) * 9 + ("other",))),
        columns=draw(named),
        clear_columns=draw(named),
        actions=draw(of((("read",), ("read", "aggregate"), ("read", "describe"), ("export",)))),
        rows=draw(scopes()),
        purposes=draw(of((("statistics",), ()))),
        expires_at=datetime(2026 if draw(rarely) else 2027, 3, 1, tzinfo=UTC),
        statutory=draw(st.booleans()),
    )


@cache
def tokens() -> st.SearchStrategy[TokenScope]:
    """A token's scope."""
    return st.builds(
        TokenScope,
        datasets=of((None, None, frozenset({"t"}), frozenset({"other"}))),
        actions=of((None, None, frozenset({"read"}), frozenset({"describe"}))),
        columns=st.one_of(st.none(), st.none(), st.frozensets(of(NAMES), min_size=3, max_size=7)),
        rows=st.one_of(st.none(), scopes()),
    )


@cache
@st.composite
def actors(draw: st.DrawFn) -> Actor:
    """A caller of any tier."""
    return Actor(
        "caller",
        draw(of(("T2", "T3", *TIERS))),
        organisation=draw(of((None, "A", "B"))),
        jurisdictions=draw(some(("1", *STREETS, "111"))),
        grants=tuple(draw(grants(number)) for number in range(draw(st.integers(0, 2)))),
        token=draw(tokens()) if draw(rarely) else None,
        break_glass=draw(of((("t",), ("t",), ("other",), ()))),
    )


@cache
@st.composite
def tables(draw: st.DrawFn) -> tuple[Row, ...]:
    """Up to eight rows; any scope column may be missing."""
    found = []
    for number in range(draw(st.integers(2, 6))):
        street = draw(of((*STREETS, None)))
        found.append(
            {
                "id": number,
                "d3": street[0] if street and not draw(rarely) else None,
                "d4": street,
                "org": draw(of(("A", "B", None))),
                "org2": draw(of(("A", "B", None))),
                "day": draw(of((*DAYS, None))),
                "name": draw(of(("张三", "欧阳修", "李", None))),
                "phone": draw(of(("13912345678", "139-1234-5678", "none", None))),
                "fee": draw(of((1, 2, None))),
                "note": draw(of(("甲", "乙", None))),
                "secret": draw(of(("110101199001011234", "x", None))),
            }
        )
    return tuple(found)


@cache
@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A policy, a caller, a question and a table."""
    levels: dict[str, Level] = {name: draw(of(("L1", "L1", "L2", "L2", "L3", "L4"))) for name in NAMES}
    masks = {"name": "name", "phone": "mobile", "fee": "blank", "secret": draw(of((None, "id_number")))}
    divisions = draw(_SCOPED_BY)
    scope = ScopeColumns(
        divisions=divisions,
        organisations=draw(of((("org",), ("org", "org2"), ()))),
        time=draw(of(("day", "day", None))),
    )
    dataset = DatasetPolicy(
        id="t",
        sharing=draw(of(("unconditional", "conditional"))),
        opening="unconditional",
        columns=tuple(ColumnPolicy(name=n, level=levels[n], mask=masks.get(n)) for n in NAMES),
        scope=scope,
    )
    first = PolicyRule(
        id="first", effect="allow", reason=WHY, columns=draw(named), rows=draw(scopes()), datasets=("t",),
        treatment=draw(of(("masked", "clear"))),
    )  # fmt: skip
    policy = CompiledPolicy(
        version="1",
        city="c",
        rules=(first, *(draw(rules(number)) for number in range(draw(st.integers(1, 5))))),
        datasets=(dataset,),
        limits=dict.fromkeys(TIERS, LIMITS),
        clocks={},
        minimum_cell=5,
        divisions=DIVISIONS,
    )
    action = draw(of(("read", "read", "read", "aggregate", "describe")))
    return World(policy, draw(actors()), action, draw(of((None, *PURPOSES))), draw(tables()))
