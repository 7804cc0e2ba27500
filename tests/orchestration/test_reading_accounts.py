"""Whatever arrives, however grouped: the account closes, nothing is lost, a second reading adds nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.orchestration.reading_city import DAY, Town, column, contract, rule, table

KINDS = st.sampled_from(["good", "null key", "bad number", "rule", "ragged", "warned"])
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), KINDS), max_size=8)
DELIVERIES = st.lists(st.tuples(ROWS, st.booleans()), min_size=1, max_size=4)


def line(key: int, number: int, kind: str) -> str:
    return {
        "good": f"k{key},{number}",
        "null key": f",{number}",
        "bad number": f"k{key},x{number}",
        "rule": f"k{key},-1",
        "ragged": f"k{key}",
        "warned": f"k{key},{100 + number}",
    }[kind]


def expected_versions(deliveries: list[tuple[list[tuple[int, int, str]], bool]]) -> tuple[list[tuple[str, int]], int]:
    """(accepted (key, n) in order of arrival, number of duplicates), told by a plain loop."""
    last, accepted, duplicates = dict[str, int](), list[tuple[str, int]](), 0
    for rows, _ in deliveries:
        for key, number, kind in rows:
            if kind not in ("good", "warned"):
                continue
            name, content = f"k{key}", number + (100 if kind == "warned" else 0)
            if last.get(name) == content:
                duplicates += 1
            else:
                accepted.append((name, content))
            last[name] = content
    return accepted, duplicates


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    columns = [column("id", key=1), column("n", "BIGINT")]
    rules = [rule("P1", "n < 0", columns=["n"]), rule("W1", "n >= 100", "warn", columns=["n"])]
    made = Town(tmp_path_factory.mktemp("town"), contract(table("thing", columns, rules=rules)))
    yield made
    made.con.close()


EXAMPLES = count()


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(deliveries=DELIVERIES)
def test_accounts_close_for_any_mixture_in_any_grouping(
    town: Town, deliveries: list[tuple[list[tuple[int, int, str]], bool]]
) -> None:
    # Every example has its own files, keys and season, so that one lake serves them all.
    name = f"e{next(EXAMPLES)}-"
    before, first = town.account(), DAY + timedelta(days=100 * int(name[1:-1]))
    for day, (rows, loaded) in enumerate(deliveries):
        body = "id,n\n" + "".join(line(*row).replace("k", name, 1) + "\n" for row in rows)
        town.deliver({f"{name}{day}.csv": body}, day=first + timedelta(days=day))
        if loaded:
            town.load()
    town.load()
    accepted, duplicates = expected_versions(deliveries)
    bad = Counter(kind for rows, _ in deliveries for _, _, kind in rows if kind not in ("good", "warned"))
    total = sum(len(rows) for rows, _ in deliveries)
    assert difference(town.account(), before) == (total, len(accepted), sum(bad.values()), duplicates)
    mine = f"starts_with(_file_name, '{name}')"
    key = f"replace(id, '{name}', 'k')"
    landed = town.rows(f"SELECT {key}, n FROM landed.feed_thing WHERE {mine} ORDER BY _business_date, _line")
    assert landed == accepted
    found = "SELECT rule_ids[1], file_name AS _file_name FROM ops.quarantine"
    reasons = Counter(rule for rule, _ in town.rows(f"SELECT * FROM ({found}) WHERE {mine}"))
    named = {"null key": "R2", "bad number": "T1", "rule": "P1", "ragged": "R3"}
    assert reasons == Counter({named[kind]: number for kind, number in bad.items()})
    places = town.rows(
        "SELECT * FROM (SELECT _file_name, _line FROM landed.feed_thing UNION ALL SELECT file_name, line FROM "
        f"ops.quarantine UNION ALL SELECT file_name, line FROM ops.duplicate) WHERE {mine}"
    )
    delivered = [(f"{name}{day}.csv", n) for day, (rows, _) in enumerate(deliveries) for n in range(1, len(rows) + 1)]
    assert sorted(places) == sorted(delivered)
    snapshots = town.rows("SELECT count(*) FROM lake.snapshots()")
    assert town.load().load_id is None
    assert town.rows("SELECT count(*) FROM lake.snapshots()") == snapshots


def difference(after: tuple[int, ...], before: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a - b for a, b in zip(after, before, strict=True))
