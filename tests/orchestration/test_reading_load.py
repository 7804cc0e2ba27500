"""Loading: each row ends in one place, versions are told from repetitions, bad batches are held, retries let in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.reading.landed import LandedTypeError
from orchestration.reading.report import AccountingError
from orchestration.reading.route import RuleFailedError
from tests.orchestration.reading_city import CSV, DAY, Town, column, contract, rule, table

KEYED = [column("id", key=1), column("n", "BIGINT"), column("u", "TIMESTAMP")]


@pytest.fixture
def towns() -> Iterator[list[Town]]:
    opened: list[Town] = []
    yield opened
    for town in opened:
        town.con.close()


def town_of(towns: list[Town], home: Path, *tables: dict[str, object], **options: object) -> Town:
    towns.append(Town(home, contract(*tables, **options)))
    return towns[-1]


def test_every_row_ends_in_one_place_with_its_reason(towns: list[Town], tmp_path: Path) -> None:
    rules = [
        rule("P1", "n < 0", columns=["n"]),
        rule("W1", "n > 100", "warn"),
        rule("X1", "id LIKE '%E+%'", "reject", on="raw", columns=["id"]),
    ]
    town = town_of(towns, tmp_path, table("thing", KEYED, rules=rules))
    town.deliver({"a.csv": "id,n,u\n007,5,\n1,-1,\n2,x,\n3,500,\n2.1E+14,1,\n,1,\nshort\n007,5,\n"})
    report = town.load()
    assert town.account() == (8, 2, 5, 1)
    assert report.total("rows_in") == 8
    found = town.rows(
        "SELECT line, rule_ids, violations[1]['column'], violations[1]['value'] FROM ops.quarantine ORDER BY line"
    )
    assert found == [
        (2, ["P1"], "n", "-1"),
        (3, ["T1"], "n", "x"),
        (5, ["X1"], "id", "2.1E+14"),
        (6, ["R2"], "id", ""),
        (7, ["R3"], None, "1 fields instead of 3"),
    ]
    assert town.rows("SELECT id, _flags, _line FROM landed.feed_thing ORDER BY id") == [
        ("007", [], 1),
        ("3", ["W1"], 4),
    ]
    assert town.rows("SELECT line, duplicate_of LIKE '%:1' FROM ops.duplicate") == [(8, True)]
    assert town.load().load_id is None


def test_a_b_a_is_three_versions_and_a_a_is_one(towns: list[Town], tmp_path: Path) -> None:
    town = town_of(towns, tmp_path, table("thing", KEYED))
    for day, (value, grouped) in enumerate([(1, False), (2, False), (1, True), (1, True), (1, False)]):
        town.deliver({"a.csv": f"id,n,u\nk,{value},\n"}, day=DAY + timedelta(days=day))
        if not grouped:
            town.load()
    town.load()
    assert town.account() == (5, 3, 0, 2)
    assert town.rows("SELECT n FROM landed.feed_thing ORDER BY _business_date") == [(1,), (2,), (1,)]


def test_repetitions_are_looked_for_only_in_the_lateness_window(towns: list[Town], tmp_path: Path) -> None:
    town = town_of(towns, tmp_path, table("thing", KEYED), lateness={"days": 3})
    for day in (0, 2, 4, 6, 20):
        town.deliver({f"{day}.csv": "id,n,u\nk,1,\n"}, day=DAY + timedelta(days=day))
        town.load()
    assert town.account() == (5, 2, 0, 3)


def test_two_contents_of_one_version_in_a_batch_conflict(towns: list[Town], tmp_path: Path) -> None:
    town = town_of(towns, tmp_path, table("thing", KEYED, delivery="upsert", version_at="u"))
    at = "2024-03-01 10:00:00"
    town.deliver({"a.csv": f"id,n,u\nk,1,{at}\nk,2,{at}\nk,1,{at}\nk,3,2024-03-01 11:00:00\n"})
    town.load()
    assert town.account() == (4, 2, 1, 1)
    assert town.rows("SELECT line, rule_ids FROM ops.quarantine") == [(2, ["D1"])]
    report = town.retry()
    assert (report.released, town.account()) == (0, (4, 2, 1, 1))


def test_an_undecodable_byte_holds_the_whole_batch(towns: list[Town], tmp_path: Path) -> None:
    tables = [
        table("thing", KEYED, {"kind": "csv", "encoding": "gb18030"}),
        table("other", [column("id", key=1), column("name")], {"kind": "csv", "encoding": "gb18030"}),
    ]
    town = town_of(towns, tmp_path, *tables)
    good = "id,name\n1,𠮷野㛃\n".encode("gb18030")
    town.deliver_many(
        [("thing", 0, "data", "t.csv", b"id,n,u\n1,\xff\xff,\n"), ("other", 0, "data", "o.csv", good)],
    )
    town.load()
    held = town.rows("SELECT table_name, status, reasons FROM ops.batch ORDER BY table_name")
    assert held == [
        ("other", "held", ["held with table thing"]),
        ("thing", "held", ["B2: not gb18030 at byte 9 (0xff) [t.csv]"]),
    ]
    assert town.rows("SELECT count(*) FROM landed.feed_other") == [(0,)]
    town.deliver({"o2.csv": good}, table="other", day=DAY + timedelta(days=1))
    town.load()
    assert town.rows("SELECT name FROM landed.feed_other") == [("𠮷野㛃",)]


def test_header_is_matched_by_alias_and_a_missing_required_column_holds(towns: list[Town], tmp_path: Path) -> None:
    columns = [
        column("id", key=1, physicalName="编号"),
        column("name", physicalName="名称", options={"aliases": ["单位名称"]}),
    ]
    town = town_of(towns, tmp_path, table("thing", columns))
    town.deliver({"a.csv": '\ufeff单位\u3000名称,多余,"编\n号"\n甲,x,1\n'})
    town.deliver({"b.csv": "名称\n乙\n"}, day=DAY + timedelta(days=1))
    town.load()
    assert town.rows("SELECT id, name FROM landed.feed_thing") == [("1", "甲")]
    assert town.rows("SELECT status, rows_in, reasons FROM ops.batch ORDER BY business_date") == [
        ("loaded", 1, ["W: unknown column 多余 is not read [a.csv]"]),
        ("held", 1, ["B3: the header lacks the required column 编号 [b.csv]"]),
    ]


def test_too_many_bad_rows_hold_until_the_steward_approves(towns: list[Town], tmp_path: Path) -> None:
    limits = {"max_bad_share": 0.1, "bad_share_min_rows": 10}
    town = town_of(towns, tmp_path, table("thing", KEYED), batch=limits)
    (batch,) = town.deliver({"a.csv": "id,n,u\n" + "".join(f"{i},{'x' if i < 2 else i},\n" for i in range(10))})
    town.load()
    assert town.rows("SELECT status, rows_in, reasons FROM ops.batch") == [
        ("held", 10, ["B7: 2 of 10 rows are bad (20.0%, at most 10.0% may be)"])
    ]
    assert town.retry().held[0].batch_id == batch
    town.retry(approved=[batch])
    assert town.account() == (10, 8, 2, 0)


@pytest.mark.parametrize("keyed", [True, False])
def test_a_unique_column_has_one_value_per_key_within_a_delivery(
    towns: list[Town], tmp_path: Path, *, keyed: bool
) -> None:
    columns = [column("id", key=int(keyed)), column("n", "BIGINT"), column("plate", unique=True)]
    town = town_of(towns, tmp_path, table("thing", columns))
    # A value is shared by two keys, given twice for one key (a version and a repetition), missing, and a key apart.
    town.deliver({"a.csv": "id,n,plate\n1,1,A\n2,1,A\n3,1,B\n3,1,B\n4,1,\n5,1,\n6,1,C\n"})
    town.deliver({"b.csv": "id,n,plate\n7,1,C\n"}, day=DAY + timedelta(days=1))
    town.load()
    assert town.rows("SELECT line, rule_ids, violations[1]['value'] FROM ops.quarantine ORDER BY line") == [
        (1, ["plate:unique"], "A"), (2, ["plate:unique"], "A"),
    ]  # fmt: skip
    assert town.account() == (8, 5, 2, 1)
    assert town.retry().released == 0


def test_versions_of_one_key_may_repeat_a_unique_value(towns: list[Town], tmp_path: Path) -> None:
    columns = [column("id", key=1), column("n", "BIGINT"), column("plate", unique=True)]
    town = town_of(towns, tmp_path, table("thing", columns))
    town.deliver({"a.csv": "id,n,plate\n1,1,A\n1,2,A\n"})
    town.load()
    assert town.account() == (2, 2, 0, 0)


def test_aggregate_and_row_block_rules_hold(towns: list[Town], tmp_path: Path) -> None:
    rules = [
        rule("A1", "count(*) FILTER (n IS NULL) > 1", "block", aggregate=True),
        rule("A2", "n = 666", "block", columns=["n"]),
    ]
    town = town_of(towns, tmp_path, table("thing", KEYED, rules=rules))
    for day, body in enumerate(["1,,\n2,,\n", "3,666,\n", "4,1,\n"]):
        town.deliver({"a.csv": f"id,n,u\n{body}"}, day=DAY + timedelta(days=day))
    town.load()
    assert town.rows("SELECT status, reasons FROM ops.batch ORDER BY business_date") == [
        ("held", ["A1: rule A1"]),
        ("held", ["A2: rule A2 (1 rows) [a.csv]"]),
        ("loaded", []),
    ]


def test_a_row_count_unlike_its_weekday_holds(towns: list[Town], tmp_path: Path) -> None:
    town = town_of(towns, tmp_path, table("thing", KEYED), batch={"max_bad_share": 1.0, "volume_min_history": 4})
    for week, size in enumerate([20, 21, 19, 20, 20, 60]):
        body = "".join(f"{week}-{i},1,\n" for i in range(size))
        town.deliver({"a.csv": f"id,n,u\n{body}"}, day=DAY + timedelta(weeks=week))
    town.load()
    held = town.rows("SELECT rows_in, reasons[1] FROM ops.batch WHERE status = 'held'")
    assert held == [(60, "B5: 60 rows where the same weekday has 20 (z = +8.9)")]


def test_rules_see_what_landed_up_to_their_batch_however_batches_are_grouped(towns: list[Town], tmp_path: Path) -> None:
    visits = [column("id", key=1), column("ticket")]
    missing = rule("V1", "ticket NOT IN (SELECT id FROM landed.feed_thing)", "reject", columns=["ticket"])
    found = []
    for name, together in (("one", True), ("each", False)):
        town = town_of(towns, tmp_path / name, table("thing", KEYED), table("visit", visits, rules=[missing]))
        for day in range(3):
            files = [("thing", 0, "data", "t.csv", f"id,n,u\nt{day},1,\n")]
            files.append(("visit", 0, "data", "v.csv", f"id,ticket\na{day},t{day}\nb{day},t{day + 1}\n"))
            town.deliver_many(files, DAY + timedelta(days=day))
            if not together:
                town.load()
        town.load()
        found.append(town.rows("SELECT id FROM landed.feed_visit ORDER BY id"))
        assert town.account("visit") == (6, 3, 3, 0)
        assert town.retry().released == 2
        assert town.account("visit") == (6, 5, 1, 0)
    assert found[0] == found[1]


def test_retry_lets_in_what_a_mended_contract_accepts(towns: list[Town], tmp_path: Path) -> None:
    town = town_of(towns, tmp_path, table("thing", KEYED))
    town.deliver({"a.csv": "id,n,u\n1,1,01.03.2024\n2,2,nonsense\n1,1,01.03.2024\n"})
    town.load()
    assert town.account() == (3, 0, 3, 0)
    mended = column("u", "TIMESTAMP", options={"formats": ["%d.%m.%Y"]})
    town.use(contract(table("thing", [*KEYED[:2], mended])))
    assert town.retry().released == 2
    assert town.account() == (3, 1, 1, 1)
    assert town.rows("SELECT line, status, resolved_load_id FROM ops.quarantine ORDER BY line") == [
        (1, "released", 2), (2, "open", None), (3, "released", 2),
    ]  # fmt: skip
    assert town.retry().released == 0


def test_absence_and_key_snapshots_delete_once_and_rows_may_come_back(towns: list[Town], tmp_path: Path) -> None:
    deliveries = ["abc", "ab", "ab", "abc"]
    for mode, delivery in (("absence", "snapshot"), ("key_snapshot", "upsert")):
        for together in (True, False):
            home = tmp_path / f"{mode}{together}"
            extra = {"version_at": "u"} if delivery == "upsert" else {}
            town = town_of(towns, home, table("thing", KEYED, CSV, delivery=delivery, deletes=mode, **extra))
            for day, keys in enumerate(deliveries):
                body = "id,n,u\n" + "".join(f"{k},1,\n" for k in keys)
                files = [("thing", 0, "data", f"{day}.csv", body)]
                if mode == "key_snapshot":
                    files.append(("thing", 0, "keys", f"{day}.keys.csv", "id\n" + "\n".join(keys) + "\n"))
                town.deliver_many(files, DAY + timedelta(days=day))
                if not together:
                    town.load()
            town.load()
            history = town.rows(
                "SELECT _op, _business_date, n FROM landed.feed_thing WHERE id = 'c' ORDER BY _business_date"
            )
            assert history == [
                ("upsert", DAY, 1), ("delete", DAY + timedelta(days=1), None), ("upsert", DAY + timedelta(days=3), 1),
            ]  # fmt: skip
            assert town.account() == (10, 4, 0, 6)


def test_a_flagged_deletion_is_a_version(towns: list[Town], tmp_path: Path) -> None:
    town = town_of(towns, tmp_path, table("thing", KEYED, CSV, deletes="flag", delete_when="n = 0"))
    town.deliver({"a.csv": "id,n,u\n1,5,\n1,0,\n"})
    town.load()
    assert town.rows("SELECT n, _op FROM landed.feed_thing ORDER BY _line") == [(5, "upsert"), (0, "delete")]


def test_a_new_column_is_added_and_a_narrower_type_refused(towns: list[Town], tmp_path: Path) -> None:
    town = town_of(towns, tmp_path, table("thing", KEYED))
    town.deliver({"a.csv": "id,n,u\n1,1,\n"})
    town.load()
    town.use(contract(table("thing", [*KEYED, column("z", "INTEGER")])))
    town.deliver({"b.csv": "id,n,u,z\n1,1,,\n2,1,,7\n"}, day=DAY + timedelta(days=1))
    town.load()
    assert town.account() == (3, 2, 0, 1)
    town.use(contract(table("thing", [*KEYED, column("z", "BIGINT")])))
    town.deliver({"c.csv": "id,n,u,z\n3,1,,8\n"}, day=DAY + timedelta(days=2))
    town.load()
    assert town.rows("SELECT z, typeof(z) FROM landed.feed_thing ORDER BY id") == [
        (None, "BIGINT"), (7, "BIGINT"), (8, "BIGINT"),
    ]  # fmt: skip
    town.use(contract(table("thing", [*KEYED, column("z")])))
    town.deliver({"d.csv": "id,n,u,z\n4,1,,8\n"}, day=DAY + timedelta(days=3))
    with pytest.raises(LandedTypeError, match="column z is BIGINT in the lake and VARCHAR"):
        town.load()


def test_a_broken_rule_is_named_and_nothing_is_loaded(towns: list[Town], tmp_path: Path) -> None:
    town = town_of(towns, tmp_path, table("thing", KEYED, rules=[rule("OK", "n < 0"), rule("BAD", "nope > 1")]))
    town.deliver({"a.csv": "id,n,u\n1,1,\n"})
    with pytest.raises(RuleFailedError, match="contract feed: table thing: rule BAD"):
        town.load()
    assert town.rows("SELECT count(*) FROM ops.batch") == [(0,)]
    town.use(contract(table("thing", KEYED, rules=[rule("RUN", "id::INTEGER < 0")])))
    town.deliver({"b.csv": "id,n,u\nx,1,\n"}, day=DAY + timedelta(days=1))
    with pytest.raises(RuleFailedError, match="fails on a value"):
        town.load()
    town.use(contract(table("thing", KEYED)))
    town.load()
    assert town.account() == (2, 2, 0, 0)


def test_rows_that_do_not_add_up_are_never_committed(
    towns: list[Town], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = town_of(towns, tmp_path, table("thing", KEYED))
    town.deliver({"a.csv": "id,n,u\n1,1,\n1,1,\n"})
    monkeypatch.setattr("orchestration.reading.commit.write_duplicates", lambda *_: None)
    with pytest.raises(AccountingError, match="table thing"):
        town.load()
    assert town.rows("SELECT count(*) FROM landed.feed_thing") == [(0,)]
    monkeypatch.undo()
    town.load()
    assert town.account() == (2, 1, 0, 1)


def test_a_held_batch_is_compared_only_with_what_came_before_it(towns: list[Town], tmp_path: Path) -> None:
    limits = {"max_bad_share": 0.5, "bad_share_min_rows": 1, "volume_min_history": 2}
    town = town_of(towns, tmp_path, table("thing", KEYED), batch=limits)
    first = town.deliver({"all.csv": "id,n,u\n" + "".join(f"{i},x,\n" for i in range(200))})
    for week in range(1, 5):
        town.deliver({"a.csv": f"id,n,u\nw{week},1,\n"}, day=DAY + timedelta(weeks=week))
    town.load()
    assert [account.batch_id for account in town.retry().held] == first
    town.use(contract(table("thing", [KEYED[0], column("n"), KEYED[2]]), batch=limits))
    town.con.execute("DROP TABLE lake.landed.feed_thing")
    assert town.retry().held == []


def test_a_snapshot_that_would_delete_most_keys_is_held(towns: list[Town], tmp_path: Path) -> None:
    limits = {"max_bad_share": 1.0, "bad_share_min_rows": 10}
    mirrored = table("thing", KEYED, CSV, delivery="snapshot", deletes="absence")
    town = town_of(towns, tmp_path, mirrored, batch=limits)
    for day, size in enumerate((10, 2, 9)):
        body = "".join(f"{i},1,\n" for i in range(size))
        town.deliver({"a.csv": f"id,n,u\n{body}"}, day=DAY + timedelta(days=day))
        town.load()
    assert town.rows("SELECT status, rows_deleted, reasons FROM ops.batch ORDER BY business_date") == [
        ("loaded", 0, []),
        ("held", 0, ["B5: the snapshot would delete 8 of 10 keys"]),
        ("loaded", 1, []),
    ]
