"""From a table's contract to the list of its rules: the declared ones, and those its column declarations imply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from catalog.contract.model import Column, Rule, Severity, Table
from catalog.identifiers import expand
from expectations.sql import identifier, literal

TYPE_RULE = "T1"
REQUIRED_RULE = "R1"
KEY_RULE = "R2"
UNREADABLE_RULE = "R3"
CONFLICT_RULE = "D1"

STRING_FORMATS = {
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "uri": r"[A-Za-z][A-Za-z0-9+.-]*:\S+",
}


class RuleError(ValueError):
    """A declared rule that cannot be used; names the column or rule and the mend."""


@dataclass(frozen=True)
class RuleSpec:
    """One rule over a delivered table.

    `expression` is a DuckDB condition that is TRUE for a bad row (an aggregate one: for a bad batch); NULL is good.
    `scope`: `typed` sees the columns in their types, `raw` the delivered text, `type` is the built-in T1 whose
    condition is made by the reader. `columns` are those named in a quarantine record. `builtin` marks rules
    that no contract declares by name.
    """

    id: str
    severity: Severity
    dimension: str
    columns: tuple[str, ...]
    expression: str
    description: str
    scope: Literal["typed", "raw", "type"] = "typed"
    aggregate: bool = False
    builtin: bool = False

    @property
    def holds_batch(self) -> bool:
        """Whether a violation holds the whole batch instead of the row."""
        return self.severity == "block"


def derive_rules(table: Table) -> list[RuleSpec]:
    """Every rule of `table`: T1, R1 and R2 per column, the type options, uniqueness, then the declared rules."""
    rules = [rule for column in table.properties for rule in _column_rules(column)]
    rules += [_unique(table, column) for column in table.properties if column.unique and table.key != (column.name,)]
    rules += [_declared(rule, column) for column in table.properties for rule in column.quality]
    rules += [_declared(rule, None) for rule in table.quality]
    return rules


def _column_rules(column: Column) -> Iterator[RuleSpec]:
    name = identifier(column.name)
    if not column.physical_type.upper().startswith(("VARCHAR", "TEXT", "STRING")):
        text = f"{column.name} can be read as {column.physical_type}"
        yield RuleSpec(TYPE_RULE, "quarantine", "conformity", (column.name,), "", text, scope="type", builtin=True)
    if column.primary_key:
        text = f"the key column {column.name} is given"
        yield RuleSpec(KEY_RULE, "reject", "completeness", (column.name,), f"{name} IS NULL", text, builtin=True)
    elif column.required:
        text = f"the required column {column.name} is given"
        yield RuleSpec(
            REQUIRED_RULE, "quarantine", "completeness", (column.name,), f"{name} IS NULL", text, builtin=True
        )
    for option, condition, text in _type_options(column):
        yield RuleSpec(
            f"{column.name}:{option}", "quarantine", "conformity", (column.name,), condition, text, builtin=True
        )


def _unique(table: Table, column: Column) -> RuleSpec:
    """One value belongs to one key within a delivery; rows of one key are versions of it and may repeat the value.

    Without a key, equal rows are repetitions and different ones may not share the value.
    """
    name, of = identifier(column.name), ", ".join(map(identifier, table.key or [c.name for c in table.properties]))
    within = f"OVER (PARTITION BY {name}, _batch_id)"
    return RuleSpec(
        f"{column.name}:unique",
        "quarantine",
        "uniqueness",
        (column.name,),
        f"{name} IS NOT NULL AND min(row({of})) {within} <> max(row({of})) {within}",
        f"no two rows of a delivery share one {column.name}",
        builtin=True,
    )


def _type_options(column: Column) -> Iterator[tuple[str, str, str]]:
    """(option, condition of a bad value, what is asked) of each declared ODCS type option."""
    options, name = column.logical_type_options, identifier(column.name)
    if options is None:
        return
    if options.pattern is not None:
        yield "pattern", f"NOT regexp_full_match({name}, {literal(options.pattern)})", f"matches {options.pattern}"
    if options.min_length is not None:
        yield "minLength", f"length({name}) < {options.min_length}", f"has at least {options.min_length} characters"
    if options.max_length is not None:
        yield "maxLength", f"length({name}) > {options.max_length}", f"has at most {options.max_length} characters"
    if options.minimum is not None:
        yield "minimum", f"{name} < {options.minimum!r}", f"is at least {options.minimum}"
    if options.maximum is not None:
        yield "maximum", f"{name} > {options.maximum!r}", f"is at most {options.maximum}"
    if options.format is not None and column.logical_type == "string":
        pattern = STRING_FORMATS.get(options.format)
        if pattern is None:
            known = ", ".join(sorted(STRING_FORMATS))
            raise RuleError(
                f"column {column.name}: logicalTypeOptions.format `{options.format}` is not known. "
                f"Use one of {known}, or a pattern"
            )
        yield "format", f"NOT regexp_full_match({name}, {literal(pattern)})", f"is written as {options.format}"


def _declared(rule: Rule, column: Column | None) -> RuleSpec:
    options = rule.options
    return RuleSpec(
        rule.name,
        rule.severity,
        rule.dimension,
        options.columns or ((column.name,) if column else ()),
        expand(rule.implementation),
        rule.description,
        scope=options.on,
        aggregate=options.aggregate,
    )
