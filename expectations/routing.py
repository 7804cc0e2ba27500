"""One pass over a candidate relation: the SQL that finds every violation and flag of every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from expectations.rules import UNREADABLE_RULE, RuleSpec
from expectations.sql import identifier, literal, redirect, references

VALUE_LIMIT = 200
VOCABULARY = "lake.vocab"
NO_VIOLATIONS = '[]::STRUCT("rule" VARCHAR, severity VARCHAR, "column" VARCHAR, "value" VARCHAR)[]'


@dataclass(frozen=True)
class Reading:
    """How one column is read: `clean` is its text (NULL when nothing was given), `typed` its value.

    `clean` is an expression over the column's raw text, named by the quoted column name; `typed` is one over the
    cleaned text, named by `{text}`. `typed` gives NULL for text that is not a value of `type`.
    """

    column: str
    type: str
    clean: str
    typed: str


@dataclass(frozen=True)
class Relations:
    """Where rules find what they name: the SQL relation of each landed table and the schema of vocabularies."""

    landed: Mapping[str, str]
    vocabulary: str = VOCABULARY

    def resolve(self, expression: str) -> str:
        """`expression` with `vocab.<table>` and `landed.<table>` replaced by the relations they stand for."""
        known = redirect(expression, "vocab", lambda name: f"{self.vocabulary}.{identifier(name)}")
        return redirect(known, "landed", lambda name: self.landed.get(name, f"lake.landed.{identifier(name)}"))


def looks_back(rule: RuleSpec) -> bool:
    """Whether a row rule looks at rows that landed before, so that the batches' order matters to it."""
    return not rule.aggregate and bool(references(rule.expression, "landed"))


def routing_sql(
    source: str,
    readings: Sequence[Reading],
    rules: Sequence[RuleSpec],
    relations: Relations,
    *,
    carried: Sequence[str],
    raw_json: str,
) -> str:
    """A SELECT of the typed columns, the `carried` columns as they are, and what the rules found.

    `source` has the raw text columns by their contract names, the carried columns, `batch_date`, `as_of` and `_error`
    (text when the record could not be read). Added columns: `_violations` (reject and quarantine rules, list of
    structs rule/severity/column/value, empty for a good row), `_flags` (ids of warn rules), `_raw` (JSON of
    the delivered row, by the expression `raw_json` over the raw names `_r_<column>`; NULL for a good row), and
    `_blocks` (ids of row rules that hold the batch).
    """
    rows = [rule for rule in rules if not rule.aggregate]
    names = [f"_b{index}" for index in range(len(rows))]
    layers = _layers(source, readings, dict(zip(names, rows, strict=True)), relations, carried)
    bad = [(rule, name) for rule, name in zip(rows, names, strict=True) if rule.severity in ("reject", "quarantine")]
    columns = ", ".join([*(identifier(r.column) for r in readings), *carried])
    any_bad = " OR ".join(["_error IS NOT NULL", *(name for _, name in bad)])
    unreadable = (
        f"[{{'rule': '{UNREADABLE_RULE}', 'severity': 'reject', 'column': NULL::VARCHAR, "
        f"'value': left(_error, {VALUE_LIMIT})}}]"
    )
    violations = _violations(bad, lambda column: f"_r_{column}")
    return (
        f"{layers}\nSELECT {columns},\n"
        f"CASE WHEN _error IS NOT NULL THEN {unreadable} WHEN {any_bad} THEN {violations} ELSE {NO_VIOLATIONS} END "
        f"AS _violations,\n{_ids(rows, names, 'warn', '_error IS NULL')} AS _flags,\n"
        f"{_ids(rows, names, 'block', '_error IS NULL')} AS _blocks,\n"
        f"CASE WHEN {any_bad} THEN {raw_json} END AS _raw\nFROM judged"
    )


def look_back_sql(source: str, rules: Sequence[RuleSpec], relations: Relations) -> str:
    """A SELECT of `rid`, `_violations`, `_flags` and `_blocks` of the rows of `source` that break one of `rules`.

    `source` has `rid` and everything a typed rule may name.
    """
    names = [f"_b{index}" for index in range(len(rules))]
    pairs = list(zip(rules, names, strict=True))
    tests = ", ".join(f"{_test(rule, relations)} AS {name}" for rule, name in pairs)
    bad = [(rule, name) for rule, name in pairs if rule.severity in ("reject", "quarantine")]
    violations = _violations(bad, lambda column: f"{identifier(column)}::VARCHAR")
    return (
        f"SELECT rid, {violations} AS _violations, {_ids(rules, names, 'warn')} AS _flags, "
        f"{_ids(rules, names, 'block')} AS _blocks FROM (SELECT *, {tests} FROM {source}) WHERE {' OR '.join(names)}"
    )


def aggregate_sql(source: str, rules: Sequence[RuleSpec], relations: Relations, batch: str) -> str | None:
    """A SELECT of `batch` and one boolean column per aggregate rule over `source`; None without such rules."""
    chosen = [rule for rule in rules if rule.aggregate]
    if not chosen:
        return None
    tests = ", ".join(
        f"coalesce(({relations.resolve(rule.expression)}), false) AS {identifier(rule.id)}" for rule in chosen
    )
    return f"SELECT {batch}, {tests} FROM {source} GROUP BY {batch}"


def _layers(
    source: str,
    readings: Sequence[Reading],
    rules: Mapping[str, RuleSpec],
    relations: Relations,
    carried: Sequence[str],
) -> str:
    """The WITH clause: raw tests and cleaned text, typed values under the contract names, then the other tests."""
    kept = [*carried, "batch_date", "as_of", "_error"]
    kept = list(dict.fromkeys(kept))
    raw = [(rule, name) for name, rule in rules.items() if rule.scope == "raw"]
    rest = [(rule, name) for name, rule in rules.items() if rule.scope != "raw"]
    clean = [
        *kept,
        *(f"{identifier(r.column)} AS {_raw(r)}" for r in readings),
        *(f"{r.clean} AS {_clean(r)}" for r in readings),
        *(f"{_test(rule, relations)} AS {name}" for rule, name in raw),
    ]
    typed = [
        *kept,
        *(f"{r.typed.replace('{text}', _clean(r))} AS {identifier(r.column)}" for r in readings),
        *(_raw(r) for r in readings),
        *(_clean(r) for r in readings),
        *(name for _, name in raw),
    ]
    by_column = {r.column: r for r in readings}
    judged = ["*", *(f"{_condition(rule, by_column, relations)} AS {name}" for rule, name in rest)]
    return (
        f"WITH cleaned AS (SELECT {_lines(clean)} FROM {source}),\n"
        f"typed AS (SELECT {_lines(typed)} FROM cleaned),\n"
        f"judged AS (SELECT {_lines(judged)} FROM typed)"
    )


def _condition(rule: RuleSpec, readings: Mapping[str, Reading], relations: Relations) -> str:
    if rule.scope == "type":
        reading = readings[rule.columns[0]]
        return f"({_clean(reading)} IS NOT NULL AND {identifier(reading.column)} IS NULL)"
    if rule.builtin and rule.expression.endswith(" IS NULL"):
        return f"({_clean(readings[rule.columns[0]])} IS NULL)"
    return _test(rule, relations)


def _test(rule: RuleSpec, relations: Relations) -> str:
    return f"coalesce(({relations.resolve(rule.expression)}), false)"


def _violations(bad: Sequence[tuple[RuleSpec, str]], text: Callable[[str], str]) -> str:
    """List of the violations of a row; `text` gives the expression of a column's offending text."""
    if not bad:
        return NO_VIOLATIONS
    found = ", ".join(f"CASE WHEN {name} THEN {_violation(rule, text)} END" for rule, name in bad)
    return f"list_filter([{found}], lambda _found: _found IS NOT NULL)"


def _violation(rule: RuleSpec, text: Callable[[str], str]) -> str:
    values = [f"coalesce({text(column)}, '')" for column in rule.columns]
    value = f"left(concat_ws(' | ', {', '.join(values)}), {VALUE_LIMIT})" if values else "NULL::VARCHAR"
    column = literal(", ".join(rule.columns)) if rule.columns else "NULL::VARCHAR"
    return f"{{'rule': {literal(rule.id)}, 'severity': '{rule.severity}', 'column': {column}, 'value': {value}}}"


def _ids(rules: Sequence[RuleSpec], names: Sequence[str], severity: str, when: str = "true") -> str:
    chosen = [(rule, name) for rule, name in zip(rules, names, strict=True) if rule.severity == severity]
    if not chosen:
        return "[]::VARCHAR[]"
    anything = " OR ".join(name for _, name in chosen)
    cases = ", ".join(f"CASE WHEN {name} THEN {literal(rule.id)} END" for rule, name in chosen)
    listed = f"list_distinct(list_filter([{cases}], lambda _found: _found IS NOT NULL))"
    return f"CASE WHEN {when} AND ({anything}) THEN list_sort({listed}) ELSE []::VARCHAR[] END"


def _raw(reading: Reading) -> str:
    return f"_r_{reading.column}"


def _clean(reading: Reading) -> str:
    return f"_k_{reading.column}"


def _lines(items: Sequence[str]) -> str:
    return ",\n  ".join(items)
