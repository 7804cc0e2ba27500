"""Which columns an expression of a contract may read."""

from __future__ import annotations

import pytest

from expectations.sql import named

COLUMNS = ["ticket_no", "seen_at", "note"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("ticket_no not in (select ticket_no from landed.ticket)", ["ticket_no"]),
        ("exists (select 1 from landed.ticket where TICKET_NO = 3 and seen_at < now())", ["ticket_no", "seen_at"]),
        ("(select count(*) from landed.ticket) > 2 * 3", []),
        ("note = 'ticket_no'", ["ticket_no", "note"]),
        ("extract(year from seen_at) > 2000", ["seen_at"]),
        ("exists (select * from landed.ticket)", COLUMNS),
        ("exists (select t.* from landed.ticket t)", COLUMNS),
        ("exists (select 1, * from landed.ticket)", COLUMNS),
        ("3 in (select max(columns(*)) from landed.ticket)", COLUMNS),
        ("3 in (from landed.ticket)", COLUMNS),
    ],
)
def test_columns_are_found_by_their_words(expression: str, found: list[str]) -> None:
    assert named([expression], COLUMNS) == found
