"""The cost of a grouped query, estimated before it runs in the units of other queries."""

from __future__ import annotations

from catalog.policy.load import shared_limits
from catalog.policy.model import CostWeights
from gateway.query.grouping import GroupedQuery


def group_units(query: GroupedQuery, weights: CostWeights | None = None) -> int:
    """Units of cost: every row the caller sees is read in the columns asked, and laid into its group by the keys."""
    weights = weights or shared_limits().cost
    known = query.view.facts.row_count
    rows = weights.unknown_rows if known is None else known
    work = rows * max(1, len(query.names)) / weights.read + rows * len(query.keys) / weights.picked
    return 1 + int(work)
