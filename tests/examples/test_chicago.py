"""Chicago is data, not code; and with the real files every row of them is accounted for in a release."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from catalog.city import check_city, load_city
from catalog.workspace import Workspace
from tests.examples.chicago_raw import RawFiles

if TYPE_CHECKING:
    import duckdb

CITY = Path(__file__).resolve().parents[2] / "examples" / "chicago"
REAL_DATA = os.environ.get("CIVICLAKE_REAL_DATA")
DAY = "2026-07-31"

real = [
    pytest.mark.real_data,
    pytest.mark.slow,
    pytest.mark.skipif(not REAL_DATA, reason="CIVICLAKE_REAL_DATA names no folder"),
]


def test_the_city_is_data_only() -> None:
    kinds = {path.suffix for path in CITY.rglob("*") if path.is_file()}
    assert kinds == {".yml", ".yaml", ".sql", ".csv"}


def test_the_city_is_sound() -> None:
    city = load_city(CITY)
    assert check_city(city) == []
    assert set(city.feeds) == {"hotline", "grid", "permits", "credit", "tainan_penalties"}


@dataclass
class Run:
    """The lake of a whole run, read only, and the raw files beside it."""

    con: duckdb.DuckDBPyConnection
    workspace: Workspace
    raw: RawFiles
    output: str

    def one(self, query: str) -> Any:
        """The single value of a query."""
        row = self.con.execute(query).fetchone()
        assert row is not None
        return row[0]

    def count(self, relation: str, condition: str = "true") -> int:
        """Rows of a relation of the lake that satisfy a condition."""
        return int(self.one(f"SELECT count(*) FROM lake.{relation} WHERE {condition}"))

    def flagged(self, table: str, rule: str, condition: str = "true") -> int:
        """Accepted rows with this warning."""
        return self.count(f"landed.{table}", f"list_contains(_flags, '{rule}') AND {condition}")

    def quarantined(self, feed: str, *rules: str) -> int:
        """Quarantined rows of a feed, or those that broke one of these rules."""
        condition = f"list_has_any(rule_ids, {list(rules)})" if rules else "true"
        return self.count("ops.quarantine", f"feed = '{feed}' AND {condition}")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One run of the city, shared by all test processes."""
    from orchestration.lake.connect import open_lake

    root = tmp_path_factory.getbasetemp()
    root = root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root
    home, log = root / "chicago", root / "chicago.log"
    with FileLock(root / "chicago.lock"):
        if not log.exists():
            code = "from orchestration.cli.main import main; main()"
            command = [sys.executable, "-c", code, "run", "--city", str(CITY), "--home", str(home)]
            done = subprocess.run([*command, "--from", DAY, "--to", DAY], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            log.write_text(done.stdout, encoding="utf-8")
    workspace = Workspace(home)
    with open_lake(workspace, read_only=True) as con:
        yield Run(con, workspace, RawFiles(Path(REAL_DATA or "")), log.read_text(encoding="utf-8"))


class TestRealFiles:
    """Figures of the lake against those of the raw files."""

    pytestmark = real

    def test_every_raw_row_is_accounted_for(self, run: Run) -> None:
        raw = run.raw
        expected = {
            "hotline.request": raw.count("hotline"),
            "grid.case": raw.count("earlier") + raw.count("later"),
            "permits.permit": raw.count("permit"),
            "credit.inspection": raw.count("inspection"),
            "credit.violation": raw.count("violation"),
            "credit.licence": raw.count("licence"),
            "tainan_penalties.decision": len(raw.decision_lines),
        }
        rows = run.con.execute(
            "SELECT feed || '.' || table_name, sum(rows_in), sum(rows_accepted + rows_quarantined + rows_duplicate), "
            "bool_and(status = 'loaded') FROM lake.ops.batch GROUP BY 1"
        ).fetchall()
        assert {name: rows_in for name, rows_in, _, _ in rows} == expected
        assert all(rows_in == ended and loaded for _, rows_in, ended, loaded in rows)

    def test_the_counts_are_those_of_the_tables(self, run: Run) -> None:
        for feed, table in load_city(CITY).tables():
            of = f"feed = '{feed.id}' AND table_name = '{table.name}'"
            stated = run.con.execute(
                f"SELECT sum(rows_accepted), sum(rows_quarantined), sum(rows_duplicate) FROM lake.ops.batch WHERE {of}"
            ).fetchone()
            held = (
                run.count(f"landed.{table.physical_name}"),
                run.count("ops.quarantine", of),
                run.count("ops.duplicate", of),
            )
            assert stated == held, of

    @pytest.mark.parametrize(
        ("rule", "condition"),
        [
            ("CH1", "sr_short_code = '311IOC'"),
            ("CH2", "street_address = '2111 W Lexington ST'"),
            ("CH3", "state = 'Illinois'"),
            ("CH4", "state IS NULL"),
            ("CH5", "location IS NOT NULL"),
            ("CH6", "duplicate = 'True'"),
            ("CH11", "latitude IS NULL"),
        ],
    )
    def test_hotline_defects_are_named(self, run: Run, rule: str, condition: str) -> None:
        assert run.flagged("hotline_request", rule) == run.raw.count("hotline", condition) > 0

    def test_two_snapshots_of_the_grid_become_versions(self, run: Run) -> None:
        recurring = "Service_Request_Number IN (SELECT Service_Request_Number FROM later)"
        assert run.raw.count("earlier", recurring) == 72_846
        history = (
            "(SELECT service_request_number, list(status ORDER BY _business_date, _line) AS states "
            "FROM lake.landed.grid_sanitation_case GROUP BY ALL)"
        )
        once = "Service_Request_Number IN (FROM later SELECT Service_Request_Number GROUP BY ALL HAVING count(*) = 1)"
        for before, after, known in (("Open", "Completed", 234), ("Open - Dup", "Completed - Dup", 7)):
            turned = run.one(f"SELECT count(*) FROM {history} WHERE states = ['{before}', '{after}']")
            pair = f"e.Status = '{before}' AND l.Status = '{after}' AND l.{once}"
            assert turned == run.raw.count("earlier e JOIN later l USING (Service_Request_Number)", pair) == known
        unchanged = run.count("ops.duplicate", "file_name = 'sanitation_code_20150101.csv'")
        assert 71_000 < unchanged < run.raw.count("earlier", recurring)

    def test_grid_defects_are_named(self, run: Run) -> None:
        header = run.con.execute(
            "SELECT file_name, line FROM lake.ops.quarantine WHERE feed = 'grid' AND list_contains(rule_ids, 'CG1')"
        ).fetchall()
        assert header == [("sanitation_code_20141110.csv", 72_847)]
        first = "_business_date = '2014-11-10'"
        assert run.flagged("grid_sanitation_case", "CG4", first) == run.raw.count("later", "Latitude IS NULL") == 24
        assert run.flagged("grid_sanitation_case", "CG5", first) == run.raw.count("later", "ZIP_Code IS NULL") == 105
        distinct = run.raw.count("(SELECT DISTINCT Service_Request_Number FROM later)")
        assert run.raw.count("later") - distinct == 375
        repeated = "(SELECT Service_Request_Number FROM later GROUP BY ALL HAVING count(*) > 1)"
        flagged = run.one(
            "SELECT count(DISTINCT service_request_number) FROM lake.landed.grid_sanitation_case "
            "WHERE list_contains(_flags, 'CG3')"
        )
        assert flagged == run.raw.count(repeated) == 371

    def test_a_column_appears_mid_stream(self, run: Run) -> None:
        delivered = run.con.execute(
            "SELECT regexp_extract(_file_name, '__([0-9T]{15})', 1), bool_or(contractor_phone IS NOT NULL), "
            "bool_and(list_contains(_flags, 'CP13')) FROM lake.landed.permits_building_permit "
            "WHERE _file_name LIKE 'permits_versions/%' GROUP BY 1"
        ).fetchall()
        assert len(delivered) == 7
        for version, has_phone, says_so in delivered:
            assert has_phone is (version >= "20260715T160002")
            assert says_so is not has_phone
        assert run.count("ops.duplicate", "feed = 'permits'") > 10_000, "what did not change is a repetition"

    @pytest.mark.parametrize(
        ("rule", "condition"),
        [
            ("CP1", "s IS NULL"),
            ("CP2", "c IS NULL"),
            ("CP3", "c = '0'"),
            ("CP5", "t LIKE '%–%'"),
            ("CP6", "length(x) >= 200 AND x LIKE '%...'"),
            ("CP7", "'' IN (cn, gc, gp, os, x)"),
            ("CP8", "coalesce(ca, '0') = '0'"),
        ],
    )
    def test_permit_defects_are_named(self, run: Run, rule: str, condition: str) -> None:
        # The months that are delivered once only, without the one permit that is quarantined.
        single = "filename NOT LIKE '%!_!_%' ESCAPE '!' AND filename < 'permits_2026_06'"
        expected = run.raw.count("permit", f"{single} AND coalesce(try_cast(c AS DOUBLE), 0) < 1e9 AND {condition}")
        found = run.flagged("permits_building_permit", rule, "_business_date < '2026-06-01'")
        assert found == expected > 0

    def test_an_impossible_cost_is_quarantined(self, run: Run) -> None:
        assert run.quarantined("permits", "CP4") == run.raw.count("permit", "try_cast(c AS DOUBLE) >= 1e9") == 1

    def test_credit_defects_are_named(self, run: Run) -> None:
        raw = run.raw
        odd_city = raw.count("inspection", "City IS DISTINCT FROM 'CHICAGO'")
        assert run.flagged("credit_food_inspection", "CC1") == odd_city > 0
        assert run.flagged("credit_food_inspection", "CC2") == raw.count("inspection", "Results = 'Fail'") == 5_455
        assert run.quarantined("credit", "CC11") == raw.count("licence", "ID IS NULL") == 2_846
        unread = run.one("SELECT array_to_string(reasons, ' ') FROM lake.ops.batch WHERE table_name = 'inspection'")
        assert "criticalCount" in unread, "the derived columns are said to be unread"
        assert run.count("topic.topic_penalty", "authority_code = 'CHICDPH'") == 5_455

    def test_tainan_is_read_out_of_36_workbooks(self, run: Run) -> None:
        assert len(run.raw.decisions) == 4_072
        # 2,381 when the lines whose number is written otherwise, or missing, count as one more.
        assert len(run.raw.decision_numbers()) == 2_380
        landed = "landed.credit_tainan_decision"
        assert run.one(f"SELECT count(DISTINCT _file_name) FROM lake.{landed}") == 36
        refused = run.quarantined("tainan_penalties") - run.quarantined("tainan_penalties", "TP1", "TP2")
        assert run.count(landed) + refused == len(run.raw.decisions)
        assert run.quarantined("tainan_penalties", "TP3") == 2
        assert run.quarantined("tainan_penalties", "T1") == 12, "dates such as 104/10/136"
        assert run.quarantined("tainan_penalties", "TP11") == 8, "2020 in a file of 2016"
        assert run.count(landed, "decided_on NOT BETWEEN '2013-01-01' AND '2017-12-31'") == 0

    def test_the_release_is_current_and_names_no_person(self, run: Run) -> None:
        number = run.workspace.current.read_text(encoding="utf-8").strip()
        manifest = json.loads((run.workspace.releases / number / "release.json").read_text(encoding="utf-8"))
        rows = {dataset["id"]: dataset["row_count"] for dataset in manifest["datasets"]}
        opened = {dataset["id"] for dataset in manifest["datasets"] if dataset["distributions"]}
        assert opened == {"hotline_monthly", "grid_cases", "permits", "penalties", "legal_entities", "vital_sign_daily"}
        assert min(rows[name] for name in opened) > 0
        for table in ("topic.topic_permit", "topic.topic_penalty"):
            assert run.count(table, "party_type_code <> 'legal' AND party_name NOT LIKE '%*'") == 0
        assert (
            run.count("open.open_permit")
            == rows["permits"]
            == run.count("topic.topic_permit", "party_type_code = 'legal'")
        )
