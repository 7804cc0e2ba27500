"""The decision: what one actor may do with one dataset, and why. Nothing else in the gateway looks at levels.

Deny beats allow; of the allow rules that name a column the most specific ones win; a grant opens at most what it
says and at most what a `granted` rule lets grants open; a token narrows everything; what nothing opens is denied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from catalog.contract.options import Title
from catalog.policy.model import (
    Action,
    ColumnPolicy,
    CompiledPolicy,
    DatasetPolicy,
    MaskKind,
    PolicyRule,
    RowScope,
    Tier,
    Treatment,
)
from gateway.policy.actor import Actor, Grant
from gateway.policy.decision import Branch, Decision, Reason
from gateway.policy.rows import EVERYTHING, NOTHING, RowFilter, rows_in, rows_touching

BREAK_GLASS = "break-glass"
_USABLE: dict[Action, frozenset[Treatment]] = {
    "read": frozenset({"clear", "masked"}),
    "export": frozenset({"clear", "masked"}),
    "sandbox": frozenset({"clear", "masked"}),
    "aggregate": frozenset({"clear", "masked", "aggregate"}),
    "verify": frozenset({"clear", "masked", "aggregate", "verify"}),
    "describe": frozenset({"clear", "masked", "aggregate", "verify"}),
}
_DENIED = {
    "no-policy": Title(zh="没有适用的政策", en="No policy covers the dataset"),
    "token": Title(zh="令牌的范围不包括此操作", en="The token does not cover this"),
    "metadata-only": Title(zh="管理员仅可见元数据", en="Stewards see metadata only"),
    "no-rule": Title(zh="没有规则允许", en="No rule allows it"),
}
_GRANTED = Title(zh="依授权", en="Under a grant")
_OPENED = Title(zh="应急开启，须有理由与第二人", en="Break-glass, with a reason and a second person")
_ALL_ROWS = RowScope()
_A_DAY = timedelta(days=1)
_Columns = tuple[ColumnPolicy, ...]
_Opened = tuple[RowFilter, dict[str, Treatment], Reason]


class _Case:
    """One question put to the policy, with what every rule of it needs."""

    def __init__(
        self,
        policy: CompiledPolicy,
        entry: DatasetPolicy,
        actor: Actor,
        action: Action,
        *,
        purpose: str | None,
        on: date,
    ) -> None:
        self.policy, self.entry, self.actor, self.action = policy, entry, actor, action
        self.grants = tuple(grant for grant in actor.grants if _in_force(grant, entry.id, action, purpose, on))
        rules = [rule for rule in policy.rules if self._applies(rule, actor.tier, purpose, on)]
        self.denials = [(rule, self.rows(rule)) for rule in rules if rule.effect == "deny"]
        self.allowed = [rule for rule in rules if rule.effect == "allow" and not rule.granted]
        grantable = [rule for rule in policy.rules if rule.effect == "allow" and rule.granted]
        self.grantable = {
            tier: [rule for rule in grantable if self._applies(rule, tier, purpose, on)]
            for tier in {self.reach(grant) for grant in self.grants}
        }
        named = actor.token.columns if actor.token else None
        self.columns = tuple(c for c in entry.columns if named is None or c.name in named)

    def reach(self, grant: Grant) -> Tier:
        """The tier whose rules say how far a grant goes: a specific one makes its holder T3, and no other grant of the
        holder specific; so two grants open no more than each by itself."""
        return "T2" if self.actor.tier == "T3" and not grant.specific else self.actor.tier

    def _applies(self, rule: PolicyRule, tier: Tier, purpose: str | None, on: date) -> bool:
        entry, actor = self.entry, self.actor
        return (
            (not rule.tiers or tier in rule.tiers)
            and (not rule.actions or self.action in rule.actions)
            and (not rule.datasets or entry.id in rule.datasets)
            and (not rule.sharing or entry.sharing in rule.sharing)
            and (not rule.opening or entry.opening in rule.opening)
            and (not rule.organisations or actor.organisation in rule.organisations)
            and (not rule.purposes or purpose in rule.purposes or (purpose is None and rule.effect == "deny"))
            and (rule.valid_from is None or rule.valid_from <= on)
            and (rule.valid_until is None or on < rule.valid_until)
        )

    def scope(self, rows: RowScope) -> RowFilter:
        """The rows surely in a scope; all of them where no row is asked for."""
        if self.action == "describe":
            return EVERYTHING
        return rows_in(rows, self.entry.scope, self.policy.division_tree)

    def rows(self, rule: PolicyRule) -> RowFilter:
        """The rows of a rule: for an allow rule those surely in its scope, for a deny rule all that may be.

        To be read about, a dataset needs no rows: there an allow rule counts, and a deny rule of all rows.
        """
        if self.action == "describe":
            some = rule.rows != _ALL_ROWS or rule.own_rows or rule.own_organisation
            return NOTHING if some and rule.effect == "deny" else EVERYTHING
        within = rows_in if rule.effect == "allow" else rows_touching
        scope, tree = self.entry.scope, self.policy.division_tree
        found = within(rule.rows, scope, tree)
        homes = [("divisions", self.actor.jurisdictions)] if rule.own_rows else []
        if rule.own_organisation:
            homes.append(("organisations", (self.actor.organisation,) if self.actor.organisation else ()))
        for part, values in homes:
            own = RowScope(divisions=values) if part == "divisions" else RowScope(organisations=values)
            found = found.intersect(within(own, scope, tree) if values else NOTHING)
        return found


def decide(  # noqa: PLR0917  -- the question everybody asks in these words and this order
    policy: CompiledPolicy | None, actor: Actor, action: Action, dataset: str, purpose: str | None, today: date
) -> Decision:
    """Decide for one actor, action and dataset. Without a policy, or an entry of the dataset in it, all is denied.

    `today` is the city's date. Grants that ended more than a day before it are not in force; their exact moment, which
    on other clocks may be of another date, is the business of whoever makes the actor.
    """
    entry = policy.dataset(dataset) if policy is not None else None
    if policy is None or entry is None:
        return Decision(False, (), (_no("no-policy"),), None, 2)
    token = actor.token
    if token is not None and not _covers(token.datasets, dataset, token.actions, action):
        return _denied(policy, actor, "token")
    broken = actor.tier == "T4" and action in ("read", "aggregate") and dataset in actor.break_glass
    if actor.tier == "T4" and action != "describe" and not broken:
        return _denied(policy, actor, "metadata-only")
    case = _Case(policy, entry, actor, action, purpose=purpose, on=today)
    narrow = case.scope(token.rows) if token and token.rows else EVERYTHING
    opened = [*_by_rules(case), *_by_grants(case), *(_by_break_glass(case, purpose, today) if broken else ())]
    branches: list[Branch] = []
    reasons: dict[str, Reason] = {}
    for rows, columns, reason in opened:
        usable = {name: seen for name, seen in columns.items() if seen in _USABLE[action]}
        for left, kept in _undenied(case, rows.intersect(narrow), usable):
            branches.append(Branch(left, kept, reason.code))
            reasons[reason.code] = reason
    reasons |= {rule.id: Reason(rule.id, rule.reason, told=False) for rule, _ in case.denials}
    if not branches:
        return _denied(policy, actor, "no-rule", *reasons.values())
    return Decision(
        allow=True,
        branches=tuple(branches),
        reasons=tuple(reasons.values()),
        limits=policy.limits.get(actor.tier),
        minimum_cell=policy.minimum_cell,
        masks=_masks(case.columns, branches),
        consumer=actor.consumer,
        order=tuple(column.name for column in entry.columns),
    )


def _by_rules(case: _Case) -> Iterator[_Opened]:
    """What rules open by themselves: each column by the most specific rules that name it."""
    for rule, named in _winners(case.allowed, case.columns):
        if case.action == "describe":
            columns = dict.fromkeys((column.name for column in named), rule.treatment)
        else:
            columns = {column.name: seen for column in named if (seen := _by_rule(rule.treatment, column))}
        yield case.rows(rule), columns, Reason(rule.id, rule.reason)


def _by_grants(case: _Case) -> Iterator[_Opened]:
    """What grants open: each its own columns and rows, as far as a `granted` rule lets grants go."""
    winners = {tier: list(_winners(rules, case.columns)) for tier, rules in case.grantable.items()}
    for grant in case.grants:
        rows = case.scope(grant.rows)
        for rule, named in winners[case.reach(grant)]:
            columns = {column.name: seen for column in named if (seen := _by_grant(grant, rule.treatment, column))}
            yield rows.intersect(case.rows(rule)), columns, Reason(grant.id, _GRANTED)


def _by_break_glass(case: _Case, purpose: str | None, on: date) -> Iterator[_Opened]:
    """Every column the steward may read about, in clear below L4."""
    about = _Case(case.policy, case.entry, case.actor, "describe", purpose=purpose, on=on)
    named = {column.name for _, columns in _winners(about.allowed, case.columns) for column in columns}
    columns = {c.name: seen for c in case.columns if c.name in named and (seen := _own("clear", c))}
    yield EVERYTHING, columns, Reason(BREAK_GLASS, _OPENED)


def _winners(rules: Iterable[PolicyRule], columns: _Columns) -> Iterator[tuple[PolicyRule, list[ColumnPolicy]]]:
    """Each rule with the columns for which no more specific rule speaks."""
    named = [(rule, _specificity(rule), [c for c in columns if _names(rule, c)]) for rule in rules]
    best: dict[str, tuple[bool, ...]] = {}
    for _, rank, found in named:
        for column in found:
            best[column.name] = max(rank, best.get(column.name, rank))
    for rule, rank, found in named:
        won = [column for column in found if best[column.name] == rank]
        if won:
            yield rule, won


def _specificity(rule: PolicyRule) -> tuple[bool, ...]:
    """Column before dataset before organisation before level before tier."""
    return tuple(bool(part) for part in (rule.columns, rule.datasets, rule.organisations, rule.levels, rule.tiers))


def _names(rule: PolicyRule, column: ColumnPolicy) -> bool:
    return (not rule.columns or column.name in rule.columns) and (not rule.levels or column.level in rule.levels)


def _by_rule(treatment: Treatment, column: ColumnPolicy) -> Treatment | None:
    """A rule's treatment of a column: a mask that is not declared shows nothing, L4 is never clear."""
    if treatment == "masked" and column.mask is None:
        return None
    return None if treatment == "clear" and column.level == "L4" else treatment


def _own(treatment: Treatment, column: ColumnPolicy) -> Treatment:
    """A grant's own treatment of a column it names: L4 at most masked, without a mask only verified."""
    if treatment == "clear" and column.level != "L4":
        return "clear"
    return "masked" if column.mask is not None else "verify"


def _by_grant(grant: Grant, limit: Treatment, column: ColumnPolicy) -> Treatment | None:
    """What a grant shows of a column where a rule lets grants go as far as `limit`.

    Where the limit is a mask, a column below L3 for which none is declared has nothing to be masked.
    """
    clear = column.name in grant.clear_columns
    if not clear and column.name not in grant.columns:
        return None
    if clear and grant.statutory and column.level == "L4":
        return "clear"
    own = _own("clear" if clear or column.mask is None else "masked", column)
    weaker = {own, limit}
    if "verify" in weaker:
        return None if "aggregate" in weaker else "verify"
    if "aggregate" in weaker:
        return "aggregate"
    if "masked" in weaker and column.mask is None:
        return "clear" if column.level in ("L1", "L2") else None
    return "masked" if "masked" in weaker else "clear"


def _undenied(
    case: _Case, rows: RowFilter, columns: Mapping[str, Treatment]
) -> Iterator[tuple[RowFilter, dict[str, Treatment]]]:
    """What deny rules leave of rows times columns: columns that lose the same rows stay together."""
    levels = case.entry.by_name
    parts: dict[RowFilter, dict[str, Treatment]] = {}
    for name, treatment in columns.items():
        left = rows
        for rule, denied in case.denials:
            if _names(rule, levels[name]):
                left = left.minus(denied)
        if not left.empty:
            parts.setdefault(left, {})[name] = treatment
    yield from parts.items()


def _masks(columns: _Columns, branches: list[Branch]) -> dict[str, MaskKind]:
    masked = {name for branch in branches for name, treatment in branch.columns.items() if treatment == "masked"}
    return {column.name: column.mask for column in columns if column.name in masked and column.mask is not None}


def _in_force(grant: Grant, dataset: str, action: Action, purpose: str | None, on: date) -> bool:
    return (
        grant.dataset == dataset
        and action in grant.actions
        and (not grant.purposes or purpose in grant.purposes)
        and grant.expires_at.date() >= on - _A_DAY
    )


def _covers(datasets: frozenset[str] | None, dataset: str, actions: frozenset[Any] | None, action: Action) -> bool:
    return (datasets is None or dataset in datasets) and (actions is None or action in actions)


def _no(code: str) -> Reason:
    return Reason(code, _DENIED[code], told=False)


def _denied(policy: CompiledPolicy, actor: Actor, code: str, *more: Reason) -> Decision:
    return Decision(False, (), (_no(code), *more), policy.limits.get(actor.tier), policy.minimum_cell)
