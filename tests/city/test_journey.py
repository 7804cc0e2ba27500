"""From four department systems to a served file: every row accounted for on the way, and the way back to its line."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import httpx
import pytest

from catalog.city import load_city
from catalog.compiled import CATALOG_FILE, CompiledCatalog
from catalog.lineage import ColumnLineage
from catalog.release import release_folder
from orchestration.landing.ledger import Ledger
from orchestration.release.withdrawals import withdrawn_rows
from tests.city.conftest import Built
from tests.city.deliveries import dropped, hotline_rows, permit_rows
from tests.city.systems import SPINE, Civiclake

pytestmark = pytest.mark.slow(seconds=25)

DATASETS = {"hotline_monthly", "grid_cases", "permits", "penalties", "legal_entities", "vital_sign_daily"}
SHARED = {
    "hotline_tickets", "hotline_score", "hotline_topics", "grid_case_records", "grid_case_stages", "grid_performance",
    "permit_records", "penalty_records", "credit_records", "credit_repairs", "credit_risk",
    "case_efficiency", "three_high", "integrity_flags", "evaluation_scores",
    "department_data_scores", "street_return_pack", "campaign_fire_safety",
    "vital_sign_definitions", "vital_signs", "vital_sign_alarms",
}  # fmt: skip


class TestAccounts:
    """What went in is what came out, counted on both sides."""

    def test_every_delivered_row_came_in(self, city: Built) -> None:
        first, *_, before, last = city.systems.days()
        sent = hotline_rows(city.systems)
        sent += permit_rows(city.permits_before(1), first, before) + permit_rows(city.permits_before(2), last, last)
        unreadable = set()
        with Ledger(city.workspace) as ledger:
            landed = {
                (feed, r.file_name): r.object_id
                for feed in ("grid", "credit")
                for batch in ledger.batches(feed)
                for r in ledger.objects(batch.batch_id)
            }
            skipped = {(feed, n.file_name): n.object_id for feed in ("grid", "credit") for n in ledger.notices(feed)}
        for file in dropped(city.systems):
            sha = hashlib.sha256(file.content).hexdigest()
            assert (landed | skipped)[file.feed, file.name] == sha, "bytes are kept as they came"
            if (file.feed, file.name) not in landed:
                assert sha in landed.values(), "only what is landed under another name is skipped"
            elif file.rows is None:
                unreadable.add((file.feed, file.table, file.day))
            else:
                sent[file.feed, file.table, file.day] += file.rows
        came = Counter(
            {
                (feed, table, day): int(rows)
                for feed, table, day, rows in city.rows(
                    "SELECT feed, table_name, business_date, sum(rows_in) FROM lake.ops.batch "
                    "WHERE NOT list_contains(list_transform(reasons, lambda r: r[:2]), 'B2') GROUP BY ALL"
                )
            }
        )
        assert len(unreadable) == 1
        assert +sent == +came

    def test_every_row_of_a_loaded_batch_is_in_one_place(self, city: Built) -> None:
        accounts = city.rows(
            "SELECT feed, table_name, batch_id, status, rows_in, rows_accepted, rows_quarantined, rows_duplicate "
            "FROM lake.ops.batch"
        )
        assert {feed for feed, *_ in accounts} == {"hotline", "grid", "permits", "credit"}
        for _, _, _, status, rows_in, accepted, quarantined, duplicate in accounts:
            assert accepted + quarantined + duplicate == (rows_in if status == "loaded" else 0)
        places = " UNION ALL ".join(
            f"SELECT _batch_id, '{feed.id}', '{table.name}', _file_name, _line, 'accepted' "
            f"FROM lake.landed.{table.physical_name} WHERE _line > 0"
            for feed, table in load_city(SPINE).tables()
        )
        places += "".join(
            f" UNION ALL SELECT batch_id, feed, table_name, file_name, line, '{name}' FROM lake.ops.{name}"
            for name in ("quarantine", "duplicate")
        )
        query = f"""
            WITH place (batch, feed, tab, file, line, place) AS ({places}),
            file AS (SELECT batch, feed, tab, file, count(*) AS n, count(DISTINCT line) AS lines, min(line) AS first,
                            max(line) AS last FROM place GROUP BY ALL)
            SELECT feed, tab, batch, sum(n), bool_and(n = lines AND first = 1 AND last = n) FROM file GROUP BY ALL"""
        found = {(feed, table, batch): (int(rows), whole) for feed, table, batch, rows, whole in city.rows(query)}
        loaded = {row[:3]: row[4] for row in accounts if row[3] == "loaded" and row[4]}
        assert {key: rows for key, (rows, _) in found.items()} == loaded
        assert all(whole for _, whole in found.values()), "each line of each file is met once"

    def test_every_kind_of_planted_outcome_happened(self, city: Built) -> None:
        key = f"'{city.systems.home}/answer_key.parquet'"
        planted = {kind for (kind,) in duckdb.sql(f"SELECT DISTINCT expected FROM {key}").fetchall()}
        assert planted == {"quarantined", "flagged", "duplicate", "held"}
        held = city.rows("SELECT business_date, reasons[1][:2] FROM lake.ops.batch WHERE status = 'held' AND "
                         "table_name = 'case' ORDER BY 1")  # fmt: skip
        expected = f"SELECT business_date, rule_id FROM {key} WHERE expected = 'held' ORDER BY 1"
        assert held == duckdb.sql(expected).fetchall()
        mended = city.rows(
            "SELECT count(*) FROM lake.ops.batch WHERE table_name = 'case' AND status = 'loaded' AND rows_accepted > 0 "
            "AND list_contains($1, business_date)",
            [[day for day, _ in held]],
        )
        assert mended == [(2,)], "the files that replaced the broken ones are in"

    def test_every_blocking_check_passed_and_is_on_record(self, city: Built) -> None:
        [(checks, failed)] = city.rows("SELECT count(*), count(*) FILTER (severity = 'block' AND NOT passed) "
                                       "FROM lake.ops.check_result")  # fmt: skip
        assert checks > 300
        assert failed == 0
        assert city.release().quality.checks_failed == 0

    def test_a_day_builds_and_asks_what_its_rows_reach(self, city: Built) -> None:
        """What the last run asked itself of a topic that grew, and took over of tables made of vocabularies."""
        taken_over = city.rows(
            "SELECT subject, bool_and(stands_from IS NOT NULL) FROM lake.ops.check_result WHERE subject IN "
            "('base_code', 'base_division', 'topic_hotline_ticket', 'theme_hotline_score') "
            "AND rule LIKE '%unique_key%' AND run_id = "
            "(SELECT run_id FROM lake.ops.check_result ORDER BY checked_at DESC LIMIT 1) GROUP BY 1"
        )
        assert dict(taken_over) == {
            "base_code": True,
            "base_division": True,
            "topic_hotline_ticket": False,
            "theme_hotline_score": False,
        }


class TestLineage:
    """A published figure leads back to the file and the line it came from."""

    def test_a_fine_leads_to_its_line(self, city: Built) -> None:
        doc_no, authority, fine = duckdb.sql(
            f"SELECT doc_no, authority_code, fine_yuan FROM '{_file(city, 'penalties', 'parquet')}' "
            "WHERE fine_yuan > 0 ORDER BY doc_no LIMIT 1"
        ).fetchone() or ("", "", None)
        assert ("landed.penalty", "fine_wan") in _origins(city, "open.open_penalty", "fine_yuan")
        [(object_id, file_name, line)] = city.rows(
            "SELECT _object_id, _file_name, _line FROM lake.topic.topic_penalty "
            "WHERE doc_no = ? AND authority_code = ?",
            [doc_no, authority],
        )
        [dropped_file] = [file for file in dropped(city.systems) if file.name == file_name]
        with Ledger(city.workspace) as ledger:
            landed = ledger.object_path(object_id).read_bytes()
        assert landed == dropped_file.content
        record = _record(file_name, landed, line)
        assert doc_no.strip("〔〕第号") in record.translate(str.maketrans("[]﹝﹞（）", "〔〕〔〕〔〕"))
        assert f"{fine / 10_000:.4f}" in record

    def test_a_month_of_tickets_leads_to_their_records(self, city: Built) -> None:
        district, month, kind, tickets = duckdb.sql(
            f"SELECT district_code, month, ticket_type_code, tickets FROM '{_file(city, 'hotline_monthly', 'parquet')}'"
            " WHERE tickets IS NOT NULL ORDER BY tickets LIMIT 1"
        ).fetchone() or ("", date.min, "", 0)
        rows = city.rows(
            "SELECT ticket_no, sub_no, accept_time, _object_id, _file_name, _line FROM lake.topic.topic_hotline_ticket "
            "WHERE district_code = ? AND ticket_type_code = ? AND date_trunc('month', accept_time) = ? "
            "AND NOT is_deleted AND excluded_reason_code IS NULL",
            [district, kind, month],
        )
        assert len(rows) == tickets > 0
        with Ledger(city.workspace) as ledger:
            pages = {row[3]: json.loads(ledger.object_path(row[3]).read_bytes())["items"] for row in rows}
        for number, part, accepted, page, _, line in rows:
            told = pages[page][line - 1]
            folded = told["工单编号"].translate(str.maketrans("０１２３４５６７８９", "0123456789"))
            assert folded == (number if part == "00" else f"{number}-{part}")
            assert told["受理时间"] == str(accepted)


class TestGateway:
    """What `civiclake serve` gives out is what was released, but for penalties whose publicity has ended since."""

    def test_the_datasets(self, city: Built, served: httpx.Client) -> None:
        document = served.get("/v1/datasets").json()
        assert document["release"]["number"] == 2
        told = {dataset["id"]: dataset["row_count"] for dataset in document["datasets"]}
        released = {dataset.id: dataset.row_count for dataset in city.release().datasets}
        released["penalties"] = len(_shown(city, "penalties"))
        folder = release_folder(city.workspace, 2)
        catalog = CompiledCatalog.load(folder / CATALOG_FILE)
        gone = withdrawn_rows(folder, city.release(), catalog, datetime.now(ZoneInfo("Asia/Shanghai")).date())
        assert city.release().dataset("penalties").row_count - gone["penalties"] == released["penalties"]
        assert told == {name: rows for name, rows in released.items() if name in DATASETS}
        assert set(released) == DATASETS | SHARED

    @pytest.mark.parametrize("dataset", sorted(DATASETS))
    def test_all_pages_together_are_the_parquet_file(self, city: Built, served: httpx.Client, dataset: str) -> None:
        expected = _shown(city, dataset)
        address, rows, pages = f"/v1/datasets/{dataset}/rows?limit=97", [], 0
        while address:
            answer = served.get(address)
            page = json.loads(answer.content, parse_float=Decimal)
            assert page["complete"] == ("next" not in answer.links)
            rows += page["rows"]
            address, pages = page["next"], pages + 1
        assert rows == expected
        assert pages == max(1, -(-len(expected) // 97))

    def test_filters_and_order(self, city: Built, served: httpx.Client) -> None:
        asked = {"fine_yuan__gt": "5000", "severity_code__in": "general,serious", "order": "-fine_yuan,doc_no"}
        rows = served.get("/v1/datasets/penalties/rows", params=asked | {"select": "doc_no,fine_yuan", "limit": "500"})
        found = [(row["doc_no"], row["fine_yuan"]) for row in json.loads(rows.content, parse_float=Decimal)["rows"]]
        expected = duckdb.sql(
            f"SELECT doc_no, fine_yuan FROM '{_file(city, 'penalties', 'parquet')}' WHERE fine_yuan > 5000 "
            f"AND severity_code IN ('general', 'serious') AND {_not_due(city)} ORDER BY fine_yuan DESC, doc_no"
        ).fetchall()
        assert found == expected != []

    def test_files_whole_in_part_and_not_at_all(self, city: Built, served: httpx.Client) -> None:
        for dataset in city.release().datasets:
            wanted = {"parquet", "csv"} if dataset.id in DATASETS else set()
            assert {file.format for file in dataset.distributions} == wanted
            for file in dataset.distributions:
                address = f"/v1/datasets/{dataset.id}/files/{file.name}"
                whole = _whole(served, address)
                digest = hashlib.sha256(whole.content).hexdigest()
                assert whole.headers["ETag"] == f'"{digest}"'
                same = len(_shown(city, dataset.id)) == dataset.row_count
                assert ((len(whole.content), digest) == (file.bytes, file.sha256)) == same
                part = served.get(address, headers={"Range": "bytes=10-19", "Accept-Encoding": "identity"})
                assert (part.status_code, part.content) == (206, whole.content[10:20])
                again = served.get(address, headers={"If-None-Match": whole.headers["ETag"]})
                assert (again.status_code, again.content) == (304, b"")

    def test_nothing_above_level_one_leaves(self, served: httpx.Client) -> None:
        openapi = served.get("/openapi.json").text
        for word in ("caller_", "person_key", "_object_id", "content_masked"):
            assert word not in openapi


class TestReleases:
    """The commands over releases, by their exit codes."""

    def test_diff_verify_and_rollback(self, city: Built, civiclake: Civiclake, tmp_path: Path) -> None:
        shutil.copytree(city.workspace.releases, tmp_path / "releases")
        where = ("--city", SPINE, "--home", tmp_path)
        current = tmp_path / "releases" / "CURRENT"

        changed = civiclake("release", "diff", "1", "2", *where)
        assert changed.code == 0
        assert all(name in changed.output for name in DATASETS)
        assert "changed" in changed.output

        assert civiclake("release", "rollback", *where).code == 0
        assert current.read_text() == "0001\n"
        first = civiclake("release", "rollback", *where)
        assert (first.code, "the first" in first.output) == (3, True)
        assert civiclake("release", "rollback", "2", *where).code == 0
        assert current.read_text() == "0002\n"

        assert civiclake("release", "verify", *where).code == 0
        file = tmp_path / "releases" / "0001" / "files" / "permits.csv"
        file.chmod(0o644)
        file.write_bytes(file.read_bytes().replace(b"2026", b"2025", 1))
        damaged = civiclake("release", "verify", "1", *where)
        assert (damaged.code, "permits.csv" in damaged.output) == (3, True)
        assert civiclake("release", "rollback", "1", *where).code == 3
        assert current.read_text() == "0002\n", "a damaged release is not served"
        assert civiclake("release", "show", "7", *where).code == 3


def _shown(city: Built, dataset: str) -> list[dict[str, Any]]:
    """Rows of a released file that may be shown today, as the gateway's JSON says them."""
    condition = _not_due(city) if dataset == "penalties" else "true"
    result = duckdb.sql(f"SELECT * FROM '{_file(city, dataset, 'parquet')}' WHERE {condition}")
    return [dict(zip(result.columns, map(_plain, row), strict=True)) for row in result.fetchall()]


def _not_due(city: Built) -> str:
    """Condition that a penalty is not withdrawn by now: the city is simulated, the gateway's clock is not."""
    folder, withdrawals = release_folder(city.workspace, city.release().number), city.release().withdrawals
    assert withdrawals is not None
    day = max(datetime.now(ZoneInfo("Asia/Shanghai")).date(), withdrawals.as_of)
    return (
        f"[doc_no, authority_code] NOT IN (SELECT key FROM '{folder / 'withdrawals.parquet'}'"
        f" WHERE dataset = 'penalties' AND effective_on <= DATE '{day}')"
    )


def _whole(served: httpx.Client, address: str) -> httpx.Response:
    """A file, as soon as its copy without withdrawn rows is made."""
    deadline = time.monotonic() + 60
    while (answer := served.get(address, headers={"Accept-Encoding": "identity"})).status_code == 503:
        assert time.monotonic() < deadline
    return answer


def _file(city: Built, dataset: str, suffix: str) -> Path:
    release = city.release()
    return release_folder(city.workspace, release.number) / "files" / f"{dataset}.{suffix}"


def _origins(city: Built, relation: str, column: str) -> set[tuple[str, str]]:
    """Every column that the released lineage says a column was made of, however far back."""
    lineage = ColumnLineage.model_validate_json((release_folder(city.workspace, 2) / "lineage.json").read_bytes())
    found, ahead = set[tuple[str, str]](), {(relation, column)}
    while ahead:
        place = ahead.pop()
        sources = {(e.from_relation, e.from_column) for e in lineage.edges if (e.to_relation, e.to_column) == place}
        ahead |= sources - found
        found |= sources
    return found


def _record(name: str, content: bytes, line: int) -> str:
    """The text of the record with this number, from 1, in a file of penalties."""
    text = content.decode("gb18030" if "2016" in name else "utf-8-sig")
    if name.endswith(".csv"):
        return text.split("\r\n")[line]
    return text.split("</XZCF>" if "</XZCF>" in text else "</ROW>")[line - 1]


def _plain(value: Any) -> Any:
    """A value of a Parquet file as the gateway's JSON says it."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
