"""Small policies put together by hand: the matrix of tiers and levels in short, over the datasets of a fake release."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from catalog.canonical import write_json
from catalog.compiled import CompiledDataset
from catalog.contract.options import Level, Title
from catalog.policy.model import (
    Action,
    ColumnPolicy,
    CompiledPolicy,
    DatasetPolicy,
    Division,
    MaskKind,
    PolicyRule,
    ScopeColumns,
    SqlLimits,
    Tier,
    TierLimits,
    Treatment,
)
from catalog.workspace import Workspace

TODAY = date(2026, 11, 22)
WHY = Title(zh="测试", en="Test")
LIMITS = TierLimits(requests_per_minute=100_000, cost_per_minute=100_000, concurrent_exports=8, page_rows=10_000)
TIERS: tuple[Tier, ...] = ("T0", "T1", "T1R", "T2", "T3", "T4")
SQL_LIMITS = SqlLimits(seconds=5, memory_megabytes=128, rows=1000, answer_megabytes=1)
_SEEN: tuple[Action, ...] = ("read", "aggregate", "export", "verify", "sandbox")


def limits_of_tiers(**more: Any) -> dict[Tier, TierLimits]:
    """The same limits for every tier, but that the public and stewards ask nothing in SQL."""
    plain = LIMITS.model_copy(update=more)
    asking = plain.model_copy(update={"sql": SQL_LIMITS})
    return {tier: plain if tier in ("T0", "T4") else asking for tier in TIERS}


def rule(name: str, **fields: Any) -> PolicyRule:
    """A rule that allows unless told otherwise."""
    return PolicyRule(**({"id": name, "effect": "allow", "reason": WHY} | fields))


def _cell(tier: Tier, level: Level, kind: str, treatment: Treatment = "clear", granted: bool = False) -> PolicyRule:
    side, _, extent = kind.partition("-")
    return rule(
        f"{tier.lower()}.{level.lower()}.{kind}{'.granted' if granted else ''}",
        tiers=(tier,), levels=(level,), treatment=treatment, granted=granted,
        actions=("aggregate",) if treatment == "aggregate" else ("verify",) if treatment == "verify" else _SEEN,
        **{side: (extent,)},
    )  # fmt: skip


def matrix() -> tuple[PolicyRule, ...]:
    """Tiers by levels: what the public, developers, departments, grant holders and stewards get."""
    described: dict[Tier, dict[str, Any]] = {
        "T0": {"levels": ("L1", "L2"), "opening": ("unconditional",)},
        "T1": {"levels": ("L1", "L2", "L3"), "opening": ("unconditional", "conditional")},
        "T2": {"levels": ("L1", "L2", "L3", "L4"), "sharing": ("unconditional", "conditional")},
        "T3": {"levels": ("L1", "L2", "L3", "L4"), "sharing": ("unconditional", "conditional")},
        "T4": {},
    }
    return (
        *(rule(f"{t.lower()}.describe", tiers=(t,), actions=("describe",), **what) for t, what in described.items()),
        _cell("T0", "L1", "opening-unconditional"),
        _cell("T0", "L2", "opening-unconditional", "aggregate"),
        _cell("T1", "L1", "opening-unconditional"),
        _cell("T1", "L1", "opening-conditional", granted=True),
        _cell("T1", "L2", "opening-unconditional", "masked", granted=True),
        _cell("T2", "L1", "sharing-unconditional"),
        _cell("T2", "L2", "sharing-unconditional"),
        _cell("T2", "L1", "sharing-conditional", granted=True),
        _cell("T2", "L2", "sharing-conditional", "masked", granted=True),
        _cell("T2", "L3", "sharing-conditional", "masked", granted=True),
        _cell("T2", "L3", "sharing-unconditional", "masked", granted=True),
        _cell("T3", "L1", "sharing-unconditional"),
        _cell("T3", "L2", "sharing-unconditional"),
        *(_cell("T3", level, f"sharing-{kind}", granted=True)
          for level in ("L1", "L2", "L3") for kind in ("unconditional", "conditional")),
        _cell("T3", "L4", "sharing-conditional", "verify", granted=True),
    )  # fmt: skip


def policy_over(
    entries: Iterable[CompiledDataset],
    *,
    masks: dict[str, MaskKind] | None = None,
    scopes: dict[str, ScopeColumns] | None = None,
    rules: tuple[PolicyRule, ...] | None = None,
    divisions: tuple[Division, ...] = (),
    **more: Any,
) -> CompiledPolicy:
    """A policy with the matrix, unless other rules are given, over datasets; `masks` go by column name."""
    masks, scopes = masks or {}, scopes or {}
    fields: dict[str, Any] = {
        "version": "test",
        "city": "yunzhou",
        "rules": matrix() if rules is None else rules,
        "datasets": tuple(
            DatasetPolicy(
                id=entry.id,
                sharing=entry.sharing,
                opening=entry.opening,
                columns=tuple(ColumnPolicy(name=c.name, level=c.level, mask=masks.get(c.name)) for c in entry.columns),
                scope=scopes.get(entry.id, ScopeColumns()),
            )
            for entry in entries
        ),
        "limits": limits_of_tiers(),
        "failed_credentials_per_minute": 100_000,
        "clocks": {},
        "minimum_cell": 5,
        "divisions": divisions,
        "purposes": {"statistics": WHY, "audit": WHY},
    }
    return CompiledPolicy(**(fields | more))


def put_policy(home: Path, policy: CompiledPolicy) -> None:
    """Put a policy in force, atomically."""
    file = Workspace(home).policy
    fresh = file.with_suffix(".new")
    write_json(policy, fresh)
    fresh.replace(file)
