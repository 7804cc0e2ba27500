"""Which checks a relation must pass: those of a contract over its accepted rows, those of a model over its table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Literal

from catalog.contract.model import Table
from catalog.contract.options import Strict
from expectations.checks import CheckSpec, NoRowWhere, NotNull, RowCount
from expectations.routing import VOCABULARY, Relations
from expectations.rules import RuleSpec, derive_rules
from expectations.sql import identifier, references

CROSS_RULES = Path(__file__).with_name("cross")


class CrossRule(Strict):
    """One hand-written rule over a model, as authored in `cross/<layer>.yml`.

    `condition` is a DuckDB expression that is true for a bad row; `tolerance` the share of rows that may be bad.
    """

    model: str
    rule: str
    severity: Literal["block", "warn"]
    dimension: str
    description: str
    condition: str
    tolerance: float = 0.0


def feed_suite(feed: str, table: Table, vocabulary: str = VOCABULARY) -> list[CheckSpec]:
    """Checks over the rows of `table` that a load accepted; `vocabulary` is the schema they look words up in.

    Every reject and quarantine rule must find nothing: the proof, by another path, that routing kept bad rows out.
    Warn rules are measured. Rules over delivered text, over the whole batch, and over what the table itself
    held before the load cannot be asked again of accepted rows and are left out.
    """
    subject = f"{feed}.{table.name}"
    relations = Relations({}, vocabulary)
    return [_spec(subject, rule, relations) for rule in derive_rules(table) if _askable(rule, table)]


def suite_vocabularies(table: Table) -> tuple[str, ...]:
    """Names of the vocabularies the suite of `table` looks words up in."""
    named = [name for r in derive_rules(table) if _askable(r, table) for name in references(r.expression, "vocab")]
    return tuple(dict.fromkeys(named))


def accepted_rows(table: Table, load_id: int, as_of: date) -> str:
    """The relation `feed_suite` is asked of: the rows one load accepted, with what rules may name besides columns."""
    return (
        f"(SELECT *, _business_date AS batch_date, DATE '{as_of:%Y-%m-%d}' AS as_of "
        f"FROM lake.landed.{identifier(table.physical_name)} WHERE _load_id = {load_id:d} AND _op = 'upsert')"
    )


def model_suite(model: str, *, allow_empty: bool, rules: Iterable[CrossRule]) -> list[CheckSpec]:
    """Checks over a model's table: the cross-column rules written for it and, where it must not be, emptiness."""
    specs = [
        CheckSpec(rule.model, rule.rule, rule.severity, rule.dimension, rule.description,
                  NoRowWhere(Relations({}).resolve(rule.condition)), rule.tolerance)
        for rule in rules
        if rule.model == model
    ]  # fmt: skip
    if not allow_empty:
        specs.append(CheckSpec(model, "rows", "block", "completeness", "the table has rows", RowCount(minimum=1)))
    return specs


def load_cross_rules() -> tuple[CrossRule, ...]:
    """The hand-written rules of every model, by file name and order; ValueError for a rule written twice."""
    from ruamel.yaml import YAML

    authored = [entry for file in sorted(CROSS_RULES.glob("*.yml")) for entry in YAML(typ="safe").load(file)]
    rules = tuple(CrossRule.model_validate(entry) for entry in authored)
    names = [(rule.model, rule.rule) for rule in rules]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{CROSS_RULES}: written twice: {twice}. Give each rule of a model its own id")
    return rules


def _askable(rule: RuleSpec, table: Table) -> bool:
    own = table.physical_name in references(rule.expression, "landed")
    return rule.scope == "typed" and not rule.aggregate and not rule.holds_batch and not own


def _spec(subject: str, rule: RuleSpec, relations: Relations) -> CheckSpec:
    return CheckSpec(
        subject,
        f"{rule.id}:{rule.columns[0]}" if rule.builtin and ":" not in rule.id else rule.id,
        "warn" if rule.severity == "warn" else "block",
        rule.dimension,
        rule.description,
        _assertion(rule, relations),
    )


def _assertion(rule: RuleSpec, relations: Relations) -> NotNull | NoRowWhere:
    """The library's own expectation where it has one, the rule's condition elsewhere."""
    if rule.builtin and rule.expression.endswith(" IS NULL"):
        return NotNull(rule.columns[0])
    return NoRowWhere(relations.resolve(rule.expression))
