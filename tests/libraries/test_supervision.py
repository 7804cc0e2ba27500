"""Enforcement, inspections, key points, communities, car parks: figures against what the departments sent."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import duckdb
import pytest

from tests.city.conftest import Built

FEEDS = ("enforcement", "communities", "places")
RATES = {"A": 0.01, "B": 0.03, "C": 0.10, "D": 0.30}


def delivered(built: Built, feed: str, stem: str) -> Iterator[dict[str, str]]:
    """The records of all text files of a table in the order they were sent, without the planted defects."""
    drop = built.systems.home / "drop" / feed
    kept_out = set(
        duckdb.execute(
            "select file_name, line from read_parquet(?) where expected in ('quarantined', 'duplicate')",
            [str(built.systems.home / "answer_key.parquet")],
        ).fetchall()
    )
    for file in sorted(drop.glob(f"*/{stem}_*.csv")):
        name = file.relative_to(drop).as_posix()
        with file.open(encoding="gb18030", newline="") as text:
            for line, row in enumerate(csv.DictReader(text), start=1):
                if (name, line) not in kept_out:
                    yield row


def digest(*parts: str) -> str:
    return hashlib.sha256(":".join(parts).encode()).hexdigest()


def newest(rows: Iterator[dict[str, str]], key: str) -> dict[str, dict[str, str]]:
    """The last version of every key."""
    found: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda row: row["更新时间"]):
        found[row[key]] = row
    return found


@pytest.mark.parametrize("feed", FEEDS)
def test_every_row_is_accounted_for(libraries: Built, feed: str) -> None:
    rows = libraries.rows(
        "select sum(rows_in), sum(rows_accepted), sum(rows_quarantined), sum(rows_duplicate),"
        " bool_and(status = 'loaded') from lake.ops.batch where feed = ?",
        [feed],
    )
    [(read, accepted, quarantined, duplicate, loaded)] = rows
    assert loaded
    assert read == accepted + quarantined + duplicate > 200


def test_the_library_of_items_is_whole_and_every_case_cites_it(libraries: Built) -> None:
    [(items, aspects, versions)] = libraries.rows(
        "select count(distinct item_code), count(distinct aspect_code), count(*) from lake.open.open_enforcement_item"
    )
    assert (items, aspects, versions) == (371, 12, 378)
    [(cases, cited)] = libraries.rows(
        "select count(*), count(i.item_code) from lake.topic.topic_enforcement_case c"
        " left join lake.base.base_enforcement_item i using (item_code, item_version)"
    )
    assert cases == cited == len({row["案号"] for row in delivered(libraries, "enforcement", "执法案卷")})


def test_the_draw_is_made_again_from_seed_and_pool(libraries: Built) -> None:
    plans = newest(delivered(libraries, "enforcement", "检查计划"), "计划编号")
    pools = defaultdict(list)
    for row in delivered(libraries, "enforcement", "抽取名录"):
        kind = {"对象": "object", "人员": "inspector"}[row["名录类别"]]
        pools[row["计划编号"]].append((kind, row["名录代码"], row["信用等级"]))
    drawn, proved = set(), set()
    for number, plan in plans.items():
        pool = pools[number]
        lines = "\n".join(sorted("|".join(member) for member in pool))
        if hashlib.sha256(lines.encode()).hexdigest() == plan["抽取池摘要"]:
            proved.add(number)
        for grade, rate in RATES.items() if plan["随机种子"] else ():
            codes = [code for kind, code, of in pool if (kind, of) == ("object", grade)]
            ordered = sorted(codes, key=lambda code, seed=plan["随机种子"]: digest(seed, code))
            drawn |= {(number, code) for code in ordered[: math.ceil(round(rate * len(codes), 6))]}
    table = "lake.theme.theme_inspection_draw"
    assert set(libraries.rows(f"select plan_no, object_code from {table} where is_drawn")) == drawn
    assert {n for (n,) in libraries.rows(f"select distinct plan_no from {table} where pool_state = 'proved'")} == proved
    assert len(drawn) > 10
    assert proved
    inspected = {(row["计划编号"], row["检查对象代码"]) for row in delivered(libraries, "enforcement", "检查结果")}
    known = {key for key in inspected if key[0] in plans}
    irregular = libraries.rows(
        f"select plan_no, object_code from {table} where outcome in ('not_drawn', 'not_in_pool', 'seed_not_told')"
    )
    assert set(irregular) == known - drawn
    open_results = libraries.rows("select plan_no, object_code from lake.open.open_inspection_result")
    assert set(open_results) <= known


def test_key_points_are_settled_and_come_back_as_the_bureau_says(libraries: Built) -> None:
    last = libraries.systems.days()[-1]
    entries = newest(delivered(libraries, "enforcement", "重点点位"), "挂账编号")
    again = defaultdict(list)
    for entry in entries.values():
        again[entry["点位编号"]].append(date.fromisoformat(entry["挂账日期"]))
    count = Counter[str]()
    for entry in entries.values():
        opened, closed = (entry[name] and date.fromisoformat(entry[name]) for name in ("挂账日期", "销账日期"))
        count["opened"] += 1
        count["closed"] += bool(closed)
        count["overdue"] += date.fromisoformat(entry["整改期限"]) < (closed or last)
        later = [day for day in again[entry["点位编号"]] if day > opened]
        count["relapsed"] += bool(closed and later and timedelta(0) <= min(later) - closed <= timedelta(days=90))
        count["open_fresh"] += not closed and (last - opened).days <= 7
        count["open_oldest"] += not closed and (last - opened).days > 90
    sums = ", ".join(f"sum({name})" for name in count)
    [figures] = libraries.rows(f"select {sums} from lake.theme.theme_keypoint_ledger")
    assert dict(zip(count, map(int, figures), strict=True)) == dict(count)
    assert count["relapsed"] > 0
    [(rows, turns)] = libraries.rows("select count(*), max(turn) from lake.theme.theme_ledger_keypoint")
    assert (rows, turns) == (len(entries), 2)


def test_a_decision_that_was_never_reported_stands_in_the_ledger(libraries: Built) -> None:
    cases = newest(delivered(libraries, "enforcement", "执法案卷"), "案号")
    decided = {number: row for number, row in cases.items() if row["决定时间"]}
    reported = {
        number for (number,) in libraries.rows("select case_no from lake.topic.topic_penalty where not is_deleted")
    }
    ledger = "lake.theme.theme_ledger_penalty"
    missing = {n for (n,) in libraries.rows(f"select case_no from {ledger} where not is_reported")}
    assert missing == decided.keys() - reported
    assert {number for number in decided if number.startswith("AJ9")} <= missing, "cases of which no report was made"
    [(entries, reports)] = libraries.rows(f"select count(*), count(*) filter (where is_reported) from {ledger}")
    [(penalties,)] = libraries.rows("select count(*) from lake.topic.topic_penalty where not is_deleted")
    assert (entries, reports) == (penalties + len(missing), penalties)


def test_the_ledgers_of_checks_and_of_96310_hold_what_was_told(libraries: Built) -> None:
    checks = len({row["核录编号"] for row in delivered(libraries, "enforcement", "执法核录")})
    results = len({(r["计划编号"], r["检查对象代码"]) for r in delivered(libraries, "enforcement", "检查结果")})
    found = dict(libraries.rows("select source_kind, count(*) from lake.theme.theme_ledger_check_record group by all"))
    assert found == {"spot": checks, "plan": results}
    [(tickets, classes, filed)] = libraries.rows(
        "select count(*), count(distinct class_l1_code), count(case_no) from lake.theme.theme_ledger_96310"
    )
    assert tickets > 100
    assert classes == 3
    named = {r["转办工单号"] for r in delivered(libraries, "enforcement", "执法案卷")} - {""}
    linked = {
        t for (t,) in libraries.rows("select ticket_no from lake.theme.theme_ledger_96310 where case_no is not null")
    }
    assert linked <= named
    assert filed >= len(linked) > 0


def test_frontages_have_the_state_the_last_check_left(libraries: Built) -> None:
    last = libraries.systems.days()[-1]
    states = Counter[str]()
    for row in newest(delivered(libraries, "enforcement", "门前三包"), "责任书编号").values():
        checked = row["最近检查日期"]
        if row["终止日期"] and date.fromisoformat(row["终止日期"]) < last:
            states["ended"] += 1
        elif not checked or (last - date.fromisoformat(checked)).days > 30:
            states["unchecked"] += 1
        else:
            states["broken" if "未履约" in (row["包卫生"], row["包秩序"], row["包绿化"]) else "met"] += 1
    found = libraries.rows("select duty_status, count(*) from lake.theme.theme_frontage_duty group by all")
    assert dict(found) == states
    assert set(states) == {"ended", "unchecked", "broken", "met"}


def test_car_parks_are_where_they_are_and_their_tariffs_are_numbers(libraries: Built) -> None:
    files = sorted((libraries.systems.home / "drop" / "places").glob("*/停车场_*.json"))
    sent = {row["parkId"]: row for file in files for row in json.loads(file.read_text(encoding="utf-8"))["data"]}
    rows = libraries.rows(
        "select facility_no, lon, lat, first_hour_yuan, daily_cap_yuan, is_tariff_read"
        " from lake.open.open_parking_facility"
    )
    assert len(rows) > 30
    for number, lon, lat, first, cap, is_read in rows:
        east, north = (float(sent[number]["lng"]) - lon) * 91_500, (float(sent[number]["lat"]) - lat) * 111_320
        assert 200 < math.hypot(east, north) < 1000, "the offset of the vendor's system is taken away"
        said = sent[number]["tariffDesc"]
        assert is_read == ("元" in said or said == "免费")
        if "首小时" in said:
            assert float(first) == float(said.split("首小时")[1].split("元")[0])
        assert (cap is not None) == ("封顶" in said)
    [(markets, closed)] = libraries.rows(
        "select count(*), count(*) filter (state_code = 'closed') from lake.open.open_market"
    )
    assert markets > closed > 0


def test_the_contact_of_a_property_company_is_masked_and_a_take_over_is_known(libraries: Built) -> None:
    rows = libraries.rows("select contact_name, property_since, households from lake.topic.topic_community")
    assert rows
    assert all(name.endswith("*") for name, _, _ in rows)
    assert any(since >= libraries.systems.days()[0] for _, since, _ in rows)
    [(claimed,)] = libraries.rows(
        "select count(*) - count(distinct building_code) from lake.topic.topic_community_building"
    )
    assert claimed == 0


def test_a_community_counts_the_tickets_of_its_own_addresses(libraries: Built) -> None:
    """By the addresses the housing bureau names, not by names of compounds."""
    whole = dict(libraries.rows("select address_id, community_no from lake.topic.topic_community"))
    parts = dict(libraries.rows("select address_id, community_no from lake.topic.topic_community_building"))
    owner = whole | {address: number for address, number in parts.items() if number in whole.values()}
    tickets = libraries.rows(
        "select m.address_id, t.finish_time is not null from lake.topic.topic_hotline_ticket t"
        " join lake.topic.topic_address_match m on m.record_no = t.ticket_no || '-' || t.sub_no"
        " where t.excluded_reason_code is null and not t.is_deleted and m.record_kind = 'hotline_ticket'"
    )
    expected = Counter(owner[address] for address, _ in tickets if address in owner)
    cells = libraries.rows(
        "select community_no, tickets, households, tickets_per_thousand, repeats, repeat_rate, property_grade"
        " from lake.theme.theme_community_cell"
    )
    assert {number for number, *_ in cells} == set(whole.values())
    sure = {number for number, buildings in Counter(parts.values()).items() if buildings == 2} & set(whole.values())
    assert {n: count for n, count, *_ in cells if count and n in sure} == {n: expected[n] for n in sure & set(expected)}
    assert sum(expected.values()) > 100
    for _, count, households, share, repeats, rate, _ in cells:
        assert float(share) == pytest.approx(1000 * count / households, abs=1e-3)
        assert rate is None if count == 0 else float(rate) == pytest.approx(repeats / count, abs=1e-6)
    assert {grade for *_, grade in cells} >= {"A", "B"}


def test_a_published_result_was_published_by_then(libraries: Built) -> None:
    now = datetime.combine(libraries.systems.days()[-1], datetime.max.time())
    [(later,)] = libraries.rows("select max(published_on) from lake.open.open_inspection_result")
    assert later <= now.date()
