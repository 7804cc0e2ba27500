"""The double-random draw: the same seed draws the same, the digest proves the pool, SQL and Python agree."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from catalog.draw import (
    INSPECTOR,
    OBJECT,
    Member,
    draw_quota,
    drawn_inspectors,
    drawn_objects,
    pool_digest,
    read_pool,
)
from orchestration.cli.exits import ExitCode
from orchestration.cli.main import app
from tests.dbt.macros import render

CITY = Path(__file__).resolve().parents[2] / "examples" / "yunzhou"
RATES = {"A": Decimal("0.01"), "B": Decimal("0.03"), "C": Decimal("0.10"), "D": Decimal("0.30")}
CODES = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=1, max_size=18)
OBJECTS = st.dictionaries(CODES, st.sampled_from("ABCD"), min_size=1, max_size=60)


def members(objects: dict[str, str], inspectors: int = 3) -> list[Member]:
    crew = [Member(INSPECTOR, f"ZF{number}", "") for number in range(inspectors)]
    return [Member(OBJECT, code, grade) for code, grade in objects.items()] + crew


@given(OBJECTS, CODES)
@settings(max_examples=60, deadline=None)
def test_sql_draws_what_python_draws(objects: dict[str, str], seed: str) -> None:
    pool = members(objects)
    rates = " ".join(f"when '{grade}' then {rate}::double" for grade, rate in RATES.items())
    digest = render("{{ draw_digest('seed', ['code']) }}")
    quota = render("{{ draw_quota('members', 'rate') }}")
    rows = duckdb.execute(
        f"""with object as (select unnest($codes) as code, unnest($grades) as grade, $seed as seed),
            placed as (select *, case grade {rates} end as rate, count(*) over (partition by grade) as members,
                              row_number() over (partition by grade order by {digest}, code) as place from object)
            select grade, code from placed where place <= {quota} order by grade, place""",
        {"codes": list(objects), "grades": list(objects.values()), "seed": seed},
    ).fetchall()
    drawn = drawn_objects(pool, seed, RATES)
    assert rows == [(member.grade, member.code) for member in drawn]
    assert drawn == drawn_objects(reversed(pool), seed, RATES), "the order of the file draws nobody"
    assert {member.grade for member in drawn} == set(objects.values()), "of every grade somebody is drawn"


@given(OBJECTS, st.data())
@settings(max_examples=60, deadline=None)
def test_the_digest_proves_the_pool(objects: dict[str, str], data: st.DataObject) -> None:
    pool = members(objects)
    lines = sorted(
        [f"object|{code}|{grade}" for code, grade in objects.items()] + [f"inspector|ZF{n}|" for n in range(3)]
    )
    assert pool_digest(pool) == hashlib.sha256("\n".join(lines).encode()).hexdigest()
    place = data.draw(st.integers(0, len(pool) - 1))
    other = Member(pool[place].kind, pool[place].code, "A" if pool[place].grade == "B" else "B")
    assert pool_digest([*pool[:place], other, *pool[place + 1 :]]) != pool_digest(pool)
    assert pool_digest(pool[:place] + pool[place + 1 :]) != pool_digest(pool)


@pytest.mark.parametrize(
    ("number", "rate", "quota"),
    [(0, "0.3", 0), (1, "0.01", 1), (100, "0.07", 7), (100, "0.03", 3), (101, "0.03", 4), (10, "1", 10), (10, "0", 0)],
)
def test_a_share_is_rounded_up(number: int, rate: str, quota: int) -> None:
    assert draw_quota(number, Decimal(rate)) == quota
    sql = render("{{ draw_quota('m', 'r') }}")
    assert duckdb.execute(f"select {sql} from (select {number} as m, {rate}::double as r)").fetchall() == [(quota,)]


def test_inspectors_are_drawn_for_each_object() -> None:
    pool = members({"X": "A", "Y": "A"}, inspectors=12)
    crews = {code: drawn_inspectors(pool, "s", code, 2) for code in ("X", "Y", "Z", "W")}
    assert all(len(set(crew)) == 2 for crew in crews.values())
    assert len({tuple(crew) for crew in crews.values()}) > 1
    assert drawn_inspectors(pool, "s", "X", 20) == sorted(m.code for m in pool if m.kind == INSPECTOR)


def test_a_pool_is_announced_and_drawn_from(tmp_path: Path) -> None:
    file = tmp_path / "pool.csv"
    lines = [f"object,91{number:02},{'ABCD'[number % 4]}" for number in range(40)] + [
        "inspector,ZF1,",
        "inspector,ZF2,",
    ]
    file.write_text("\n".join(["kind,code,grade", *lines, ""]), encoding="utf-8")
    announced = CliRunner().invoke(app, ["draw", "pool", str(file)])
    digest = announced.output.split()[0]
    assert digest == pool_digest(read_pool(file))
    assert "42 members: 10 of grade A, 10 of grade B, 10 of grade C, 10 of grade D, 2 inspectors." in announced.output
    words = ["draw", "objects", str(file), "--seed", "s", "--on", "2026-06-30", "--city", str(CITY), "--digest"]
    drawn = CliRunner().invoke(app, [*words, digest])
    expected = [f"{m.grade},{m.code},ZF1;ZF2" for m in drawn_objects(read_pool(file), "s", RATES)]
    assert drawn.output.splitlines() == ["grade,code,inspectors", *expected]
    assert [line[0] for line in expected] == ["A", "B", "C", "D", "D", "D"]
    file.write_text(file.read_text(encoding="utf-8").replace("9100,A", "9100,B"), encoding="utf-8")
    assert CliRunner().invoke(app, [*words, digest]).exit_code == ExitCode.DATA
    file.write_text("kind,code,grade\nobject,1,A\nobject,1,B\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"pool\.csv:3: not an object or inspector"):
        read_pool(file)
