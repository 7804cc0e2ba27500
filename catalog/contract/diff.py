"""Tells what changed between two versions of a contract, and whether those who use the feed can take it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel

from catalog.contract.model import Column, FeedContract, Rule, SlaProperty, Table, TypeOptions
from catalog.contract.options import BatchLimits, Limits
from catalog.contract.wording import from_to, shown

Kind = Literal["breaking", "compatible"]
NamedT = TypeVar("NamedT", Table, Column, Rule)

SEVERITIES = ("warn", "quarantine", "reject", "block")
# Each type holds every value of the types it may take the place of.
WIDER: dict[str, frozenset[str]] = {
    "VARCHAR": frozenset({"VARCHAR"}),
    "TINYINT": frozenset({"SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE"}),
    "SMALLINT": frozenset({"INTEGER", "BIGINT", "HUGEINT", "DOUBLE"}),
    "INTEGER": frozenset({"BIGINT", "HUGEINT", "DOUBLE"}),
    "BIGINT": frozenset({"HUGEINT"}),
    "FLOAT": frozenset({"DOUBLE"}),
    "REAL": frozenset({"DOUBLE"}),
    "DATE": frozenset({"TIMESTAMP"}),
}
# Table options whose every change alters what the rows of the lake mean.
MEANING = ("delivery", "version_at", "deletes", "delete_when")
# Hours of a promise's unit; days when it has none.
HOURS = {"h": 1, "d": 24, "m": 30 * 24, "y": 365 * 24, None: 24}


class Change(NamedTuple):
    """One change at `path` (`repair.cost_yuan.physicalType`), told in a sentence."""

    kind: Kind
    path: str
    text: str


def diff_contracts(old: FeedContract, new: FeedContract) -> list[Change]:
    """Every difference, breaking ones first; empty exactly when the contracts are equal."""
    changes = list(_contract(old, new))
    if not changes and old != new:
        changes.append(Change("compatible", "", "order or notation changed"))
    return sorted(changes, key=lambda change: (change.kind, change.path, change.text))


def is_breaking(changes: Iterable[Change]) -> bool:
    """Whether any change is breaking."""
    return any(change.kind == "breaking" for change in changes)


def version_remark(old: FeedContract, new: FeedContract, changes: Sequence[Change]) -> str | None:
    """What to do about a `version` that was not raised with the changes; None when it was, or nothing changed."""
    before, after = (tuple(map(int, contract.version.split("."))) for contract in (old, new))
    if not changes or after > before:
        return None
    breaking = is_breaking(changes)
    mend = f"{before[0] + 1}.0.0" if breaking else f"{before[0]}.{before[1] + 1}.0"
    said = "stays" if after == before else "falls to"
    return f"`version` {said} {new.version} with {'breaking ' if breaking else ''}changes: raise it to {mend}"


def _contract(old: FeedContract, new: FeedContract) -> Iterator[Change]:
    skip = ("custom_properties", "options", "tables", "sla_properties")
    yield from _fields(old, new, "", breaking=("id", "api_version"), skip=skip)
    yield from _promises(old.sla_properties, new.sla_properties)
    before, after = old.options, new.options
    yield from _fields(before, after, "", breaking=(), skip=("batch", "lateness", "limits", "start_date"))
    yield from _ordered("lateness.days", before.lateness.days, after.lateness.days, stricter=_lower)
    yield from _ordered("start_date", before.start_date, after.start_date, stricter=_higher)
    yield from _thresholds("batch", before.batch, after.batch)
    yield from _thresholds("limits", before.limits, after.limits)
    yield from _named(old.tables, new.tables, "", "table", _table, added=_table_added)


def _promises(old: Sequence[SlaProperty], new: Sequence[SlaProperty]) -> Iterator[Change]:
    """Service levels: a weaker promise is breaking, for users plan with it.

    A stronger one is compatible, unlike a shorter `lateness`: what comes too late is marked stale, never refused.
    """
    before, after = ({(p.property, p.element or ""): p for p in promises} for promises in (old, new))
    for key in sorted({*before, *after}):
        path = ".".join(("slaProperties", *filter(None, key)))
        was, now = before.get(key), after.get(key)
        if was is None or now is None:
            text = f"{shown(_promise(was or now))} {'no longer promised' if now is None else 'promised'}"
            yield Change("breaking" if now is None else "compatible", path, text)
            continue
        if (was.value, was.unit) != (now.value, now.unit):
            kind: Kind = "breaking" if _weaker(was, now) else "compatible"
            yield Change(kind, path, f"changed {from_to(_promise(was), _promise(now))}")
        yield from _fields(was, now, path, breaking=(), skip=("value", "unit"))


def _promise(promise: SlaProperty | None) -> str:
    return f"{promise.value} {promise.unit or ''}".strip() if promise else ""


def _weaker(old: SlaProperty, new: SlaProperty) -> bool:
    """Whether `new` promises less: later, more rarely, or for a shorter time; or what cannot be compared."""
    if old.property == "timeOfAvailability":
        return str(new.value) > str(old.value)
    if not (isinstance(old.value, int | float) and isinstance(new.value, int | float)):
        return True
    before, after = old.value * HOURS[old.unit], new.value * HOURS[new.unit]
    return bool(after < before if old.property == "retention" else after > before)


def _table(old: Table, new: Table, path: str) -> Iterator[Change]:
    skip = ("custom_properties", "options", "properties", "quality")
    yield from _fields(old, new, path, breaking=("physical_name", "data_granularity_description"), skip=skip)
    yield from _fields(old.options, new.options, path, breaking=MEANING, skip=("variants", "optional"))
    if old.key != new.key:
        text = f"key changed from ({', '.join(old.key)}) to ({', '.join(new.key)})"
        yield Change("breaking", f"{path}.key", text)
    yield from _requirement(f"{path}.optional", not old.options.optional, not new.options.optional)
    gone = [variant for variant in old.options.variants if variant not in new.options.variants]
    come = [variant for variant in new.options.variants if variant not in old.options.variants]
    if gone:
        yield Change("breaking", f"{path}.variants", f"{len(gone)} way(s) of delivery no longer read")
    if come:
        yield Change("compatible", f"{path}.variants", f"{len(come)} way(s) of delivery added")
    yield from _named(old.properties, new.properties, path, "column", _column, added=_column_added)
    yield from _named(old.quality, new.quality, path, "rule", _rule, added=_rule_added, removed="compatible")


def _column(old: Column, new: Column, path: str) -> Iterator[Change]:
    skip = (
        "custom_properties",
        "options",
        "quality",
        "physical_name",
        "physical_type",
        "required",
        "unique",
        "primary_key",
        "primary_key_position",
        "logical_type_options",
        "classification",
    )
    yield from _fields(old, new, path, breaking=("logical_type",), skip=skip)
    yield from _column_options(old, new, path)
    if old.physical_type != new.physical_type:
        kind: Kind = "compatible" if _widens(old.physical_type, new.physical_type) else "breaking"
        yield Change(kind, f"{path}.physicalType", f"type changed from {old.physical_type} to {new.physical_type}")
    if old.classification != new.classification:
        text = f"level changed from {old.classification} to {new.classification}"
        yield Change("breaking", f"{path}.classification", text)
    yield from _requirement(f"{path}.required", old.required, new.required)
    yield from _requirement(f"{path}.unique", old.unique, new.unique)
    yield from _type_options(old.logical_type_options or TypeOptions(), new.logical_type_options or TypeOptions(), path)
    yield from _named(old.quality, new.quality, path, "rule", _rule, added=_rule_added, removed="compatible")


def _column_options(old: Column, new: Column, path: str) -> Iterator[Change]:
    before, after = old.options, new.options
    lists = ("aliases", "formats", "null_values")
    yield from _fields(before, after, path, breaking=("unit", "fold", "trim", "personal"), skip=lists)
    yield from _members(f"{path}.aliases", "header", _headers(old), _headers(new))
    yield from _members(f"{path}.formats", "format", before.formats, after.formats)
    yield from _members(f"{path}.null_values", "null value", before.null_values, after.null_values)
    if before.formats != after.formats and sorted(before.formats) == sorted(after.formats):
        yield Change("breaking", f"{path}.formats", "formats are tried in another order")


def _rule(old: Rule, new: Rule, path: str) -> Iterator[Change]:
    skip = ("custom_properties", "options", "severity")
    yield from _fields(old, new, path, breaking=("implementation",), skip=skip)
    yield from _fields(old.options, new.options, path, breaking=("on", "aggregate"), skip=())
    yield from _ordered(
        f"{path}.severity", old.severity, new.severity, stricter=lambda a, b: SEVERITIES.index(a) < SEVERITIES.index(b)
    )


def _table_added(table: Table) -> Kind:
    return "compatible" if table.options.optional else "breaking"


def _column_added(column: Column) -> Kind:
    return "breaking" if column.required or column.primary_key or column.unique else "compatible"


def _rule_added(rule: Rule) -> Kind:
    return "compatible" if rule.severity == "warn" else "breaking"


def _named(
    old: Sequence[NamedT],
    new: Sequence[NamedT],
    path: str,
    noun: str,
    compare: Callable[[NamedT, NamedT, str], Iterator[Change]],
    *,
    added: Callable[[NamedT], Kind],
    removed: Kind = "breaking",
) -> Iterator[Change]:
    """Compares two lists of named things by name; their order does not count."""
    before, after = {item.name: item for item in old}, {item.name: item for item in new}
    for name, item in before.items():
        place = f"{path}.{name}".lstrip(".")
        if name in after:
            yield from compare(item, after[name], place)
        else:
            yield Change(removed, place, f"{noun} removed")
    for name, item in after.items():
        if name not in before:
            yield Change(added(item), f"{path}.{name}".lstrip("."), f"{noun} added")


def _fields(
    old: BaseModel, new: BaseModel, path: str, *, breaking: Sequence[str], skip: Sequence[str]
) -> Iterator[Change]:
    """Differences of plain fields, and of the fields within them; all are compatible but those named breaking."""
    for name, field in type(old).model_fields.items():
        before, after = getattr(old, name), getattr(new, name)
        if name not in skip and before != after:
            place = f"{path}.{field.alias or name}".lstrip(".")
            if isinstance(before, BaseModel) and type(before) is type(after):
                inner = tuple(type(before).model_fields) if name in breaking else ()
                yield from _fields(before, after, place, breaking=inner, skip=())
                continue
            kind: Kind = "breaking" if name in breaking else "compatible"
            yield Change(kind, place, f"changed {from_to(before, after)}")


def _thresholds(path: str, old: BatchLimits | Limits, new: BatchLimits | Limits) -> Iterator[Change]:
    """Limits of which every lower value lets less through."""
    for name in type(old).model_fields:
        yield from _ordered(f"{path}.{name}", getattr(old, name), getattr(new, name), stricter=_lower)


def _type_options(old: TypeOptions, new: TypeOptions, path: str) -> Iterator[Change]:
    bounds = {"minimum": _higher, "min_length": _higher, "maximum": _lower, "max_length": _lower}
    for name, stricter in bounds.items():
        yield from _ordered(f"{path}.{name}", getattr(old, name), getattr(new, name), stricter=stricter)
    for name in ("pattern", "format"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            kind: Kind = "compatible" if after is None else "breaking"
            yield Change(kind, f"{path}.{name}", f"changed {from_to(before, after)}")


def _ordered(path: str, old: Any, new: Any, *, stricter: Callable[[Any, Any], bool]) -> Iterator[Change]:
    """A threshold: stricter is breaking, and so is one where there was none."""
    if old != new:
        tighter = old is None or (new is not None and stricter(old, new))
        text = f"{'tightened' if tighter else 'relaxed'} {from_to(old, new)}"
        yield Change("breaking" if tighter else "compatible", path, text)


def _requirement(path: str, old: bool, new: bool) -> Iterator[Change]:
    if old != new:
        yield Change("breaking" if new else "compatible", path, "now demanded" if new else "no longer demanded")


def _members(path: str, noun: str, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """Accepted spellings: dropping one is breaking, a new one is compatible."""
    yield from (Change("breaking", path, f"{noun} {shown(item)} no longer read") for item in old if item not in new)
    yield from (Change("compatible", path, f"{noun} {shown(item)} added") for item in new if item not in old)


def _headers(column: Column) -> tuple[str, ...]:
    return tuple(dict.fromkeys((column.physical_name or column.name, *column.options.aliases)))


def _widens(old: str, new: str) -> bool:
    """Whether `new` holds every value of `old`."""
    before, after = old.upper(), new.upper()
    if before.startswith("DECIMAL(") and after.startswith("DECIMAL("):
        (width, scale), (wider, finer) = _decimal(before), _decimal(after)
        return finer >= scale and wider - finer >= width - scale
    return after in WIDER.get(before, frozenset())


def _decimal(kind: str) -> tuple[int, int]:
    digits = kind.removeprefix("DECIMAL(").rstrip(")").split(",")
    return int(digits[0]), int(digits[1]) if len(digits) > 1 else 0


def _lower(old: Any, new: Any) -> bool:
    return bool(new < old)


def _higher(old: Any, new: Any) -> bool:
    return bool(new > old)
