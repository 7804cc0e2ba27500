"""The cost of a query, estimated before it runs from what the caller can see anyway: rows, columns, order."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.policy.load import shared_limits
from catalog.policy.model import CostWeights
from gateway.query.keyset import lies_sorted, total_order
from gateway.query.tree import Condition, Query


@dataclass(frozen=True)
class Estimate:
    """Units of cost, and what they were made from: rows read, rows in the answer at most, columns of the answer,
    and whether the rows lie in the asked order or must be sorted. `rows_known` is false where the rows of the
    dataset that the caller sees are not counted; then a fixed number stands for them."""

    units: int
    rows_read: int
    rows_answered: int
    columns: int
    in_stored_order: bool
    rows_known: bool


def estimate(query: Query, weights: CostWeights | None = None) -> Estimate:
    """The cost of one page, or of everything where the query has no limit. Never less than one unit.

    Conditions can make the answer smaller than told here, never larger.
    """
    weights = weights or shared_limits().cost
    known, in_order = query.view.facts.row_count, lies_sorted(query)
    rows = weights.unknown_rows if known is None else known
    answered = rows if query.limit is None else min(query.offset + query.limit + 1, rows)
    conditions = {name for part in query.where for name in part.names}
    order = () if in_order else total_order(query)
    read = _rows_read(query, rows, answered, weights) if in_order else rows
    work = read * (len(conditions) + len(order)) / weights.read
    work += rows * len(order) / (weights.sorted if query.limit is None else weights.picked)
    work += answered * len(query.select) / (weights.streamed if query.limit is None else weights.paged)
    return Estimate(1 + int(work), read, answered, len(query.select), in_order, known is not None)


def file_units(size: int) -> int:
    """The cost of a download of so many bytes."""
    return 1 + size // shared_limits().cost.file_bytes


def _rows_read(query: Query, rows: int, answered: int, weights: CostWeights) -> int:
    """Rows read through where they come in stored order: without conditions those of the answer; with one on the
    first key column the groups that can hold them; else any number, so all are counted."""
    if not query.where:
        return answered
    leading = query.view.key[0].name if query.view.key else None
    narrow = any(
        isinstance(part, Condition)
        and not part.negated
        and part.column.name == leading
        and part.operator.name in ("eq", "in", "between")
        for part in query.where
    )
    return min(rows, answered + weights.group) if narrow else rows
