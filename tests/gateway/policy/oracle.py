"""What a caller may see, cell by cell, by the words of the rules: plain loops over plain values, slow and obvious.

Shares no code with the gateway: it knows no branches, no filters and no SQL.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from catalog.policy.model import ColumnPolicy, DatasetPolicy, PolicyRule, RowScope
from gateway.policy.actor import Grant
from tests.gateway.policy.worlds import Row, World

Seen = str | None  # "clear", "masked", or nothing


def see(world: World) -> list[dict[str, Seen]]:
    """For every row, how each column is seen."""
    entry = world.policy.dataset(world.dataset)
    assert entry is not None
    return [{column.name: cell(world, entry, row, column) for column in entry.columns} for row in world.rows]


def shown(world: World) -> list[dict[str, Any]]:
    """The visible rows with what is shown of every cell; a hidden cell is None."""
    entry = world.policy.dataset(world.dataset)
    assert entry is not None
    found = []
    for row, seen in zip(world.rows, see(world), strict=True):
        if any(seen.values()):
            found.append({name: _value(row[name], how, entry.by_name[name].mask) for name, how in seen.items()})
    return found


def cell(world: World, entry: DatasetPolicy, row: Row, column: ColumnPolicy) -> Seen:
    """How one cell is seen."""
    actor, token = world.actor, world.actor.token
    if token is not None:
        if token.datasets is not None and world.dataset not in token.datasets:
            return None
        if token.actions is not None and world.action not in token.actions:
            return None
        if token.columns is not None and column.name not in token.columns:
            return None
        if token.rows is not None and not _surely(world, entry, row, token.rows):
            return None
    if actor.tier == "T4" and world.action != "describe" and world.dataset not in actor.break_glass:
        return None
    held = [grant for grant in actor.grants if _in_force(world, grant)]
    rules = [rule for rule in world.policy.rules if _applies(world, entry, rule, held)]
    for rule in rules:
        if rule.effect == "deny" and _names(rule, column) and _maybe(world, entry, row, rule):
            return None
    opened = [*_by_rules(world, entry, row, column, rules), *_by_grants(world, entry, row, column, held)]
    if actor.tier == "T4" and world.action in ("read", "aggregate"):
        opened += _by_break_glass(world, entry, column)
    return "clear" if "clear" in opened else "masked" if "masked" in opened else None


def _by_rules(world: World, entry: DatasetPolicy, row: Row, column: ColumnPolicy, rules: list[PolicyRule]) -> list[str]:
    found = []
    for rule in _most_specific([r for r in rules if r.effect == "allow" and not r.granted and _names(r, column)]):
        allowed = rule.treatment != "masked" or column.mask is not None
        if rule.treatment == "clear" and column.level == "L4":
            allowed = False
        if allowed and _holds(world, entry, row, rule):
            found.append(rule.treatment)
    return found


def _by_grants(world: World, entry: DatasetPolicy, row: Row, column: ColumnPolicy, held: list[Grant]) -> list[str]:
    found = []
    for grant in held:
        specific = grant.statutory or grant.clear_columns != ()
        tier = "T2" if world.actor.tier == "T3" and not specific else world.actor.tier
        rules = [rule for rule in world.policy.rules if _applies(world.asked_by(tier=tier), entry, rule, held)]
        for rule in _most_specific([r for r in rules if r.effect == "allow" and r.granted and _names(r, column)]):
            if _surely(world, entry, row, grant.rows) and _holds(world, entry, row, rule):
                found.append(_granted(grant, rule.treatment, column))
    return found


def _granted(grant: Grant, limit: str, column: ColumnPolicy) -> str:
    in_clear = column.name in grant.clear_columns
    if not in_clear and column.name not in grant.columns:
        return "nothing"
    if column.level == "L4":
        if in_clear and grant.statutory:
            return "clear"
        return "masked" if column.mask and limit in ("clear", "masked") else "nothing"
    if limit in ("aggregate", "verify"):
        return "nothing"
    if column.mask is None:
        return "clear" if limit == "clear" or column.level in ("L1", "L2") else "nothing"
    return "clear" if in_clear and limit == "clear" else "masked"


def _by_break_glass(world: World, entry: DatasetPolicy, column: ColumnPolicy) -> list[str]:
    about = replace(world, action="describe")
    held = [grant for grant in world.actor.grants if _in_force(about, grant)]
    told = any(
        rule.effect == "allow" and not rule.granted and _names(rule, column)
        for rule in world.policy.rules
        if _applies(about, entry, rule, held)
    )
    if not told:
        return []
    return ["clear"] if column.level != "L4" else ["masked"] if column.mask else []


def _applies(world: World, entry: DatasetPolicy, rule: PolicyRule, held: list[Grant]) -> bool:
    conditions = [
        (rule.tiers, world.actor.tier),
        (rule.actions, world.action),
        (rule.datasets, entry.id),
        (rule.sharing, entry.sharing),
        (rule.opening, entry.opening),
        (rule.organisations, world.actor.organisation),
        (rule.purposes, world.purpose),
    ]
    if rule.effect == "deny" and world.purpose is None:  # what is not said may be what is denied
        conditions.pop()
    for asked, given in conditions:
        if asked and given not in asked:
            return False
    if rule.granted and not held:
        return False
    begun = rule.valid_from is None or rule.valid_from <= world.today
    return begun and (rule.valid_until is None or world.today < rule.valid_until)


def _in_force(world: World, grant: Grant) -> bool:
    return (
        grant.dataset == world.dataset
        and world.action in grant.actions
        and (grant.purposes == () or world.purpose in grant.purposes)
        and grant.expires_at.date() >= world.today - timedelta(days=1)
    )


def _names(rule: PolicyRule, column: ColumnPolicy) -> bool:
    return (rule.columns == () or column.name in rule.columns) and (rule.levels == () or column.level in rule.levels)


def _most_specific(rules: list[PolicyRule]) -> list[PolicyRule]:
    def rank(rule: PolicyRule) -> str:
        return "".join(
            "1" if part else "0" for part in (rule.columns, rule.datasets, rule.organisations, rule.levels, rule.tiers)
        )

    best = max(map(rank, rules), default="")
    return [rule for rule in rules if rank(rule) == best]


def _homes(world: World, rule: PolicyRule) -> list[RowScope | None]:
    """The scopes that a rule's `own_…` members add; None stands for no home at all."""
    found: list[RowScope | None] = []
    if rule.own_rows:
        homes = world.actor.jurisdictions
        found.append(RowScope(divisions=homes) if homes else None)
    if rule.own_organisation:
        own = world.actor.organisation
        found.append(RowScope(organisations=(own,)) if own else None)
    return found


def _holds(world: World, entry: DatasetPolicy, row: Row, rule: PolicyRule) -> bool:
    parts = [rule.rows, *_homes(world, rule)]
    return all(part is not None and _surely(world, entry, row, part) for part in parts)


def _maybe(world: World, entry: DatasetPolicy, row: Row, rule: PolicyRule) -> bool:
    parts = [rule.rows, *_homes(world, rule)]
    return all(part is not None and _perhaps(world, entry, row, part) for part in parts)


def _surely(world: World, entry: DatasetPolicy, row: Row, scope: RowScope) -> bool:
    """Whether a row is known to be in a scope."""
    if scope.divisions and not any(_lies_in(world, entry, row, code) is True for code in scope.divisions):
        return False
    if scope.organisations and not any(row[name] in scope.organisations for name in entry.scope.organisations):
        return False
    if scope.since is None and scope.until is None:
        return True
    return entry.scope.time is not None and _dated(row[entry.scope.time], scope) is True


def _perhaps(world: World, entry: DatasetPolicy, row: Row, scope: RowScope) -> bool:
    """Whether a row is not known to be outside of a scope."""
    if scope.divisions and not any(_lies_in(world, entry, row, code) is not False for code in scope.divisions):
        return False
    holders = [row[name] for name in entry.scope.organisations]
    if scope.organisations and holders and not any(h is None or h in scope.organisations for h in holders):
        return False
    if entry.scope.time is None or (scope.since is None and scope.until is None):
        return True
    return _dated(row[entry.scope.time], scope) is not False


def _dated(day: date | None, scope: RowScope) -> bool | None:
    if scope.since is not None and scope.until is not None and scope.since >= scope.until:
        return False  # no day is in it, known or not
    if day is None:
        return None
    return (scope.since is None or day >= scope.since) and (scope.until is None or day < scope.until)


def _lies_in(world: World, entry: DatasetPolicy, row: Row, code: str) -> bool | None:
    """Whether a row lies in a division; None when its columns cannot say."""
    parents = {division.code: division.parent for division in world.policy.divisions}
    levels = {division.code: division.level for division in world.policy.divisions}
    if code not in levels:
        return None
    columns = entry.scope.divisions
    fine = sorted(level for level in columns if level >= levels[code])
    if fine:
        place: str | None = row[columns[fine[0]]]
        if place is None:
            return None
        while place is not None and place != code:
            place = parents.get(place)
        return place == code
    coarse = sorted(columns)
    if not coarse or row[columns[coarse[-1]]] is None:
        return None
    above: str | None = code
    while above is not None and levels[above] > coarse[-1]:
        above = parents[above]
    return None if row[columns[coarse[-1]]] == above else False


def _value(value: Any, how: Seen, mask: str | None) -> Any:
    if how != "masked" or value is None:
        return value if how else None
    if mask == "name":
        return "*" if len(value) < 2 else "欧阳**" if value == "欧阳修" else value[0] + "*"
    if mask == "mobile":
        digits = re.sub(r"\D", "", value)
        return f"{digits[:3]}****{digits[7:]}" if len(digits) == 11 else "****"
    if mask == "id_number":
        return f"{value[:3]}{'*' * 11}{value[-4:]}" if len(value) == 18 else "****"
    return None
