"""A city's policy: what its rules may say, what is compiled of it, and how it is put in force."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from catalog.city import City, load_city
from catalog.errors import CatalogError
from catalog.policy.compile import compile_policy, read_policy, write_policy
from catalog.policy.load import shared_policy
from catalog.policy.model import ColumnPolicy, DatasetPolicy, Division, ScopeColumns
from tests.catalog.test_city import make_city

COLUMNS = (
    ColumnPolicy(name="case_no", level="L1"),
    ColumnPolicy(name="street", level="L1"),
    ColumnPolicy(name="note", level="L2"),
    ColumnPolicy(name="phone", level="L3", mask="mobile"),
    ColumnPolicy(name="person", level="L4", mask="id_number"),
)
DATASETS = (
    DatasetPolicy(
        id="cases",
        sharing="unconditional",
        opening="none",
        columns=COLUMNS,
        scope=ScopeColumns(divisions={4: "street"}),
    ),
    DatasetPolicy(id="calls", sharing="conditional", opening="conditional", columns=COLUMNS),
    DatasetPolicy(id="sealed", sharing="none", opening="none", columns=COLUMNS[:3]),
)
VOCABULARY = {
    "division": "code,name,level,parent_code,valid_from,valid_to\n"
    "99,省,1,,,\n9901,市,2,99,,\n990101,区,3,9900,2000-01-01,2010-12-31\n990101,新区,3,9901,2011-01-01,\n",
    "calendar": "day,is_working,holiday\n2027-01-01,false,元旦\n2027-01-04,true,\n2027-01-02,false,\n",
    "organisation": "org_code,uscc,name,name_en,org_level,parent_code,division_code,valid_from,valid_to\n"
    "A,,甲,A,bureau,,9901,,\n",
}
RULE = """\
version: "7"
rules:
  - id: mine
    effect: allow
    reason: {zh: 甲, en: A}
"""


@pytest.fixture
def city(tmp_path: Path) -> City:
    folder = make_city(tmp_path)
    (folder / "vocabulary").mkdir()
    for name, text in VOCABULARY.items():
        (folder / "vocabulary" / f"{name}.csv").write_text(text, encoding="utf-8")
    return load_city(folder)


def author(city: City, text: str) -> Path:
    path = city.root / "policy" / "rules.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_rules_of_its_own_a_city_has_the_shared_policy(city: City) -> None:
    policy = compile_policy(city, DATASETS)
    assert (policy.city, policy.minimum_cell, policy.clocks["publicity"].working_days) == ("lakeside", 5, 7)
    assert "to verify" in policy.clocks["conditional_reply"].source
    assert [dataset.id for dataset in policy.datasets] == ["calls", "cases", "sealed"]
    assert policy.divisions == (
        Division(code="99", level=1),
        Division(code="9901", level=2, parent="99"),
        Division(code="990101", level=3, parent="9901"),
    )
    assert (policy.calendar_from, policy.calendar_to) == (date(2027, 1, 1), date(2027, 1, 4))
    assert policy.non_working == (date(2027, 1, 1), date(2027, 1, 2))


def test_a_city_adds_rules_clocks_and_limits(city: City) -> None:
    author(
        city,
        RULE
        + "    tiers: [T2]\n    datasets: [cases]\n    levels: [L1, L2]\n    own_rows: true\n"
        + "minimum_cell: 10\n"
        + "clocks:\n  provider_review: {title: {zh: 审核, en: Review}, working_days: 3, source: Local}\n"
        + "limits:\n  T0: {requests_per_minute: 1, cost_per_minute: 1, concurrent_exports: 0, page_rows: 1}\n"
        + "webhooks: {timeout_seconds: 5, attempts: 2, first_wait_seconds: 1, longest_wait_seconds: 60,"
        + " subscriptions_per_caller: 3, events_kept_days: 7}\n"
        + "purposes:\n  games: {zh: 赛会保障, en: Games}\n",
    )
    policy = compile_policy(city, DATASETS)
    assert policy.version.endswith("+7")
    assert policy.rules[-1].id == "mine"
    assert (policy.minimum_cell, policy.limits["T0"].page_rows, policy.limits["T1"].page_rows) == (10, 1, 10_000)
    assert policy.webhooks is not None
    assert (policy.webhooks.attempts, shared_policy().webhooks.attempts) == (2, 15)
    assert (policy.clocks["provider_review"].working_days, "games" in policy.purposes) == (3, True)


@pytest.mark.parametrize(
    ("rest", "line", "words"),
    [
        ("    tier: [T2]\n", 6, "did you mean `tiers`"),
        ("    tiers: [T2]\n    datasets: [case]\n", 7, "did you mean `cases`"),
        ("    tiers: [T2]\n    datasets: [cases]\n    columns: [nots]\n", 8, "did you mean `note`"),
        ("    tiers: [T2]\n    organisations: [B]\n", 7, "there is no `B`"),
        ("    tiers: [T2]\n    purposes: [fun]\n", 7, "there is no `fun`"),
        ("    tiers: [T2]\n    rows: {divisions: ['77']}\n", 7, "there is no `77`"),
        ("    tiers: [T2]\n    rows: {since: 2026-02-01, until: 2026-01-01}\n", 7, "not after its beginning"),
        ("    tiers: [T2]\n    valid_from: 2026-02-01\n    valid_until: 2026-02-01\n", 8, "not after its beginning"),
        ("    tiers: [T2]\n    levels: [L1]\n", 3, "sealed.case_no (L1) to T2"),
        ("    tiers: [T0]\n    datasets: [cases]\n    levels: [L1]\n", 3, "unopened"),
        ("    tiers: [T0]\n    datasets: [calls]\n    levels: [L3]\n", 3, "sensitive-to-the-public"),
        ("    tiers: [T1]\n    datasets: [calls]\n    columns: [phone]\n", 3, "sensitive-values-outside"),
        ("    tiers: [T2]\n    datasets: [calls]\n    columns: [phone]\n", 3, "sensitive-ungranted"),
        ("    tiers: [T2]\n    datasets: [calls]\n    columns: [person]\n", 3, "highest-outside"),
        ("    tiers: [T3]\n    granted: true\n    datasets: [calls]\n    columns: [person]\n", 3, "highest-shown"),
        ("    tiers: [T3]\n    treatment: verify\n    datasets: [calls]\n    levels: [L4]\n", 3, "highest-ungranted"),
        ("    tiers: [T4]\n    datasets: [calls]\n    levels: [L1]\n", 3, "values-to-stewards"),
        ("  - id: mine\n    effect: deny\n    reason: {zh: 乙, en: B}\n    tiers: [T0]\n", 6, "earlier rule"),
        ("  - id: t2.mine\n    effect: deny\n    reason: {zh: 乙, en: B}\n", 6, "rule of the matrix"),
        ("  - id: not\n    effect: deny\n    reason: {zh: 乙, en: B}\n    granted: true\n", 7, "granted or not"),
        ("minimum_cell: 3\n", 6, "raised, not lowered"),
    ],
)
def test_a_faulty_rule_is_refused_by_line(city: City, rest: str, line: int, words: str) -> None:
    path = author(city, RULE + rest)
    with pytest.raises(CatalogError) as caught:
        compile_policy(city, DATASETS)
    told = [problem for problem in caught.value.problems if words in str(problem)]
    assert [(problem.file, problem.line) for problem in told] == [(path, line)] * len(told)
    assert told, str(caught.value)


@pytest.mark.parametrize(
    "rest",
    [
        "tiers: [T2]\n    datasets: [calls]\n    levels: [L3]\n    own_organisation: true\n",
        "tiers: [T2]\n    datasets: [calls]\n    levels: [L3]\n    granted: true\n",
        "tiers: [T1]\n    datasets: [calls]\n    levels: [L3]\n    treatment: aggregate\n    actions: [aggregate]\n",
        "tiers: [T3]\n    datasets: [calls]\n    levels: [L4]\n    treatment: verify\n    granted: true\n",
        "tiers: [T0]\n    actions: [describe]\n    opening: [conditional]\n",
    ],
)
def test_a_confined_rule_is_legal(city: City, rest: str) -> None:
    author(city, RULE + "    " + rest)
    assert compile_policy(city, DATASETS).rules[-1].id == "mine"


@pytest.mark.parametrize(
    ("table", "old", "new", "line"),
    [("division", "区,3", "区,6", 4), ("calendar", "2027-01-04", "4 January", 3), ("division", "level,", "grade,", 2)],
)
def test_a_vocabulary_that_cannot_be_read_is_refused(city: City, table: str, old: str, new: str, line: int) -> None:
    path = city.vocabulary_dir / f"{table}.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        compile_policy(city, DATASETS)
    assert (caught.value.file, caught.value.line) == (path, line)


def test_written_and_read_it_is_the_same(city: City, tmp_path: Path) -> None:
    policy, path = compile_policy(city, DATASETS), tmp_path / "home" / "policy.json"
    write_policy(policy, path)
    write_policy(policy, path)
    assert [file.name for file in path.parent.iterdir()] == ["policy.json"]
    again = read_policy(path)
    assert (again, again.digest) == (policy, policy.digest)
    assert compile_policy(city, again.datasets) == policy


@pytest.mark.parametrize("text", [None, "{}", "["])
def test_what_is_no_policy_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "policy.json").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match="policy apply"):
        read_policy(tmp_path / "policy.json")
