"""What the types of a contract cannot say: its parts must fit each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from catalog.contract.model import Column, FeedContract, Table
from catalog.contract.sql import rule_faults, type_fault
from catalog.validate import nearest
from catalog.yamlfile import Loc

NAME = re.compile(r"[a-z][a-z0-9_]*")
BUILT_IN_RULES = frozenset({"T1", "R1", "R2", "R3", "D1"})
DATE_FORMATS = frozenset({"excel_serial", "epoch_s", "epoch_ms", "roc"})


class Fault(NamedTuple):
    """One fault at the model path `loc`, without its file."""

    loc: Loc
    text: str
    mend: str


def check_contract(contract: FeedContract) -> list[Fault]:
    """Every fault of a contract that is well typed; empty when its parts fit."""
    faults = list(_repeated(("schema",), "name", [t.name for t in contract.tables]))
    faults += _repeated(("schema",), "physicalName", [t.physical_name for t in contract.tables])
    faults += _properties(contract.custom_properties, ())
    for index, table in enumerate(contract.tables):
        at: Loc = ("schema", index)
        faults += _table(table, contract.options.transport.kind, at)
        for number, column in enumerate(table.properties):
            faults += _column(column, (*at, "properties", number))
        faults += _rules(table, at)
    return faults


def _table(table: Table, transport: str, at: Loc) -> Iterator[Fault]:
    options = table.options
    names = [column.name for column in table.properties]
    for key, value in (("name", table.name), ("physicalName", table.physical_name)):
        if not NAME.fullmatch(value):
            yield Fault((*at, key), f"`{value}` is not a name", "Use lower-case letters, digits and _")
    yield from _properties(table.custom_properties, at)
    yield from _repeated((*at, "properties"), "name", names)
    yield from _headers(table, at)
    yield from _key(table, at)
    if options.version_at is not None and options.version_at not in names:
        hint = nearest(options.version_at, names)
        yield Fault(
            (*at, "options", "version_at"), f"no column is called `{options.version_at}`", f"Correct it; {hint}"
        )
    if options.delivery in ("upsert", "delta") and options.version_at is None:
        text = f"delivery {options.delivery} needs a column that orders the versions of a key"
        yield Fault((*at, "options", "delivery"), text, "Add the custom property version_at with that column")
    yield from _deletes(table, transport, at)
    yield from _variants(table, transport, at)


def _key(table: Table, at: Loc) -> Iterator[Fault]:
    positions = [c.primary_key_position for c in table.properties if c.primary_key]
    if sorted(positions) != list(range(1, len(positions) + 1)) and len(positions) > 1:
        text = f"primaryKeyPosition of the key columns is {positions}"
        yield Fault((*at, "properties"), text, f"Number the key columns 1 to {len(positions)}")
    for number, column in enumerate(table.properties):
        if column.primary_key_position != -1 and not column.primary_key:
            place = (*at, "properties", number, "primaryKeyPosition")
            yield Fault(place, "the column is not part of the key", "Add primaryKey: true or remove this key")
    wants_key = table.options.delivery in ("upsert", "delta") or table.options.deletes != "none"
    if wants_key and not positions:
        text = f"delivery {table.options.delivery} with deletes {table.options.deletes} needs a primary key"
        yield Fault((*at, "options", "delivery"), text, "Mark the key columns with primaryKey: true")


def _deletes(table: Table, transport: str, at: Loc) -> Iterator[Fault]:
    options, place = table.options, (*at, "options", "deletes")
    if options.deletes == "key_snapshot" and transport != "sql":
        yield Fault(place, f"key_snapshot needs the sql transport, not {transport}", "Use absence, flag or none")
    if options.deletes == "absence" and options.delivery != "snapshot":
        yield Fault(place, "absence means something only in a snapshot", "Set delivery to snapshot, or use flag")
    if (options.deletes == "flag") != (options.delete_when is not None):
        yield Fault(place, "deletes: flag and delete_when go together", "Give both, or neither")
    if options.delete_when is not None:
        names = [column.name for column in table.properties]
        for text, mend in rule_faults(options.delete_when, names, aggregate=False):
            yield Fault((*at, "options", "delete_when"), text, mend)


def _variants(table: Table, transport: str, at: Loc) -> Iterator[Fault]:
    for number, variant in enumerate(table.options.variants):
        place: Loc = (*at, "options", "variants", number, "source")
        source = variant.source
        if source.kind != transport:
            text = f"the feed's transport is {transport}, this source is {source.kind}"
            yield Fault((*place, "kind"), text, f"Write kind: {transport}")
        if source.kind == "folder":
            groups = _pattern_groups(source.pattern)
            if groups is None:
                yield Fault((*place, "pattern"), "not a regular expression", "Correct the pattern")
            elif "date" not in groups and source.fixed_date is None:
                mend = "Name a group (?P<date>…) in it, or give fixed_date"
                yield Fault((*place, "pattern"), "the pattern does not say where the business date is", mend)


def _column(column: Column, at: Loc) -> Iterator[Fault]:
    if not NAME.fullmatch(column.name):
        mend = "Use lower-case letters, digits and _; put the delivered name into physicalName"
        yield Fault((*at, "name"), f"`{column.name}` is not a name", mend)
    yield from _properties(column.custom_properties, at)
    fault = type_fault(column.physical_type, column.logical_type)
    if fault:
        yield Fault((*at, "physicalType"), *fault)
    if column.options.formats and column.logical_type not in ("date", "timestamp"):
        text = f"formats are for dates and times, the column is a {column.logical_type}"
        yield Fault((*at, "options", "formats"), text, "Remove formats, or correct logicalType")
    for name in column.options.formats:
        if "%" not in name and name not in DATE_FORMATS:
            yield Fault(
                (*at, "options", "formats"), f"`{name}` is no format", f"Use %-codes; {nearest(name, DATE_FORMATS)}"
            )
    if column.options.personal and column.classification == "L1":
        yield Fault((*at, "classification"), "a personal column cannot be L1", "Raise the level to L2 or above")
    yield from _type_options(column, (*at, "logicalTypeOptions"))


def _type_options(column: Column, at: Loc) -> Iterator[Fault]:
    limits = column.logical_type_options
    if limits is None:
        return
    if limits.pattern is not None and _pattern_groups(limits.pattern) is None:
        yield Fault((*at, "pattern"), "not a regular expression", "Correct the pattern")
    for low, high in (("minimum", "maximum"), ("min_length", "max_length")):
        bottom, top = getattr(limits, low), getattr(limits, high)
        if bottom is not None and top is not None and bottom > top:
            yield Fault(at, f"{low} {bottom} is above {high} {top}", "Swap or correct them")


def _rules(table: Table, at: Loc) -> Iterator[Fault]:
    names = [column.name for column in table.properties]
    places = [(rule, (*at, "quality", i)) for i, rule in enumerate(table.quality)]
    for number, column in enumerate(table.properties):
        places += [(rule, (*at, "properties", number, "quality", i)) for i, rule in enumerate(column.quality)]
    seen = Counter[str]()
    for rule, place in places:
        seen[rule.name] += 1
        if seen[rule.name] > 1 or rule.name in BUILT_IN_RULES or ":" in rule.name:
            text = f"the rule name `{rule.name}` is taken"
            yield Fault((*place, "name"), text, "Choose a name that is unique in the table and has no colon")
        yield from _properties(rule.custom_properties, place)
        for name in rule.options.columns:
            if name not in names:
                mend = f"Correct it; {nearest(name, names)}"
                yield Fault((*place, "options", "columns"), f"no column is called `{name}`", mend)
        if rule.options.aggregate and rule.severity != "block":
            yield Fault((*place, "severity"), "an aggregate rule judges a whole batch", "Set severity to block")
        for text, mend in rule_faults(rule.implementation, names, aggregate=rule.options.aggregate):
            yield Fault((*place, "implementation"), text, mend)


def _headers(table: Table, at: Loc) -> Iterator[Fault]:
    """Two columns may not be read from the same delivered header."""
    owner: dict[str, str] = {}
    for number, column in enumerate(table.properties):
        for header in dict.fromkeys((column.physical_name or column.name, *column.options.aliases)):
            first = owner.setdefault(header, column.name)
            if first != column.name:
                text = f"the header `{header}` already belongs to column `{first}`"
                yield Fault((*at, "properties", number), text, "Give each header to one column")


def _properties(pairs: Iterable[object], at: Loc) -> Iterator[Fault]:
    names = [str(getattr(pair, "property", "")) for pair in pairs]
    yield from _repeated((*at, "customProperties"), "property", names)


def _repeated(at: Loc, key: str, values: list[str]) -> Iterator[Fault]:
    for number, value in enumerate(values):
        if value in values[:number]:
            yield Fault((*at, number, key), f"`{value}` is there twice", "Remove or rename one of them")


def _pattern_groups(pattern: str) -> set[str] | None:
    try:
        return set(re.compile(pattern).groupindex)
    except re.error:
        return None
