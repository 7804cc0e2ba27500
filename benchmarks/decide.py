"""What governing costs: deciding and rewriting cold and cached, and governed queries against the same ungoverned.

    python -m benchmarks.decide [--rows N] [--repeat N]

Processor time of this process, the middle of several runs, all in one go; ratios are what to compare. Queries run in
the gateway's own engine, with and without withdrawn rows.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.tables import table
from catalog.compiled import CompiledColumn, CompiledDataset
from catalog.contract.options import Title
from catalog.policy.compile import matrix_rules
from catalog.policy.load import shared_policy
from catalog.policy.model import (
    ColumnPolicy,
    CompiledPolicy,
    DatasetPolicy,
    Division,
    RowScope,
    ScopeColumns,
    TierLimits,
)
from gateway.engine import Engine
from gateway.policy.actor import PUBLIC, Actor, Grant
from gateway.policy.decide import decide
from gateway.policy.masks import JoinKeys
from gateway.policy.plans import Plans
from gateway.policy.project import project
from gateway.query.compile import compile_page
from gateway.query.operators import OPERATORS
from gateway.query.tree import Condition, Query, Sort
from gateway.view.view import View
from gateway.withdrawal.hidden import Withdrawn

TODAY = date(2026, 11, 22)
TITLE = Title(zh="案件", en="Cases")
STREETS = tuple(f"9901{d:02d}{s:03d}" for d in range(1, 9) for s in range(1, 26))
COLUMNS = {
    "case_no": ("VARCHAR", "L1", None),
    "district": ("VARCHAR", "L1", None),
    "street": ("VARCHAR", "L1", None),
    "kind": ("VARCHAR", "L1", None),
    "minutes": ("INTEGER", "L1", None),
    "reported_at": ("TIMESTAMP", "L1", None),
    "fee": ("DECIMAL(18,2)", "L2", None),
    "note": ("VARCHAR", "L2", "free_text"),
    "name": ("VARCHAR", "L3", "name"),
    "phone": ("VARCHAR", "L3", "mobile"),
    "address": ("VARCHAR", "L3", "address"),
    "id_no": ("VARCHAR", "L4", "join_key"),
}
STORED = {name: kind for name, (kind, _, _) in COLUMNS.items()}


def city_policy() -> CompiledPolicy:
    """The matrix that ships, over forty datasets of the same columns."""
    limits = TierLimits(requests_per_minute=60, cost_per_minute=60, concurrent_exports=1, page_rows=1000)
    matrix = shared_policy().matrix
    columns = tuple(ColumnPolicy(name=n, level=level, mask=mask) for n, (_, level, mask) in COLUMNS.items())
    public = tuple(column.model_copy(update={"level": "L1"}) for column in columns)
    scope = ScopeColumns(divisions={3: "district", 4: "street"}, time="reported_at")
    shared = [
        DatasetPolicy(id=f"cases_{n}", sharing="conditional", opening="none", columns=columns, scope=scope)
        for n in range(39)
    ]
    opened = DatasetPolicy(id="open", sharing="unconditional", opening="unconditional", columns=public, scope=scope)
    return CompiledPolicy(
        version="benchmark",
        city="benchmark",
        rules=tuple(matrix_rules(matrix)),
        datasets=(*shared, opened),
        limits=dict.fromkeys(matrix.tiers, limits),
        clocks={},
        minimum_cell=5,
        divisions=(
            *(Division(code=f"9901{d:02d}", level=3) for d in range(1, 9)),
            *(Division(code=street, level=4, parent=street[:6]) for street in STREETS),
        ),
    )


def entry(name: str) -> CompiledDataset:
    """A catalog entry."""
    return CompiledDataset(
        id=name, model=name, title=TITLE, description="Cases.", grain="One row per case.", level="L4",
        columns=tuple(
            CompiledColumn(name=n, type=kind, title=TITLE, description="", level=level, nullable=True)
            for n, (kind, level, _) in COLUMNS.items()
        ),
        key=("case_no",), order=("case_no",), sharing="conditional", opening="none", publisher=TITLE, owner=None,
        licence="none", frequency="daily", themes=(), upstream=(), feeds=(),
    )  # fmt: skip


def grant(name: str, divisions: tuple[str, ...], clear: tuple[str, ...]) -> Grant:
    """A grant of every column below L4, `clear` ones in clear, on the rows of some divisions."""
    columns = tuple(n for n, (_, level, _) in COLUMNS.items() if level != "L4" and n not in clear)
    end = datetime(2027, 1, 1, tzinfo=UTC)
    return Grant(name, "cases_0", columns, clear, ("read",), RowScope(divisions=divisions), (), end)


ACTORS = {
    "all in clear": ("open", PUBLIC),
    "own street, masked": ("cases_0", Actor("a", "T3", grants=(grant("g", STREETS[:1], ()),))),
    "two grants, mixed": (
        "cases_0",
        Actor("b", "T3", grants=(grant("g", ("990101",), ()), grant("h", STREETS[:1], ("name", "phone")))),
    ),
}


def milliseconds(work: Callable[[], object], repeat: int) -> float:
    """Processor milliseconds of one call: the middle of `repeat` rounds."""
    work()
    rounds = []
    for _ in range(repeat):
        times, begun = 0, time.process_time()
        while (spent := time.process_time() - begun) < 0.02:
            work()
            times += 1
        rounds.append(spent / times * 1000)
    return statistics.median(rounds)


def view_of(policy: CompiledPolicy, dataset: str, actor: Actor) -> View:
    """Decided and rewritten, its relation written out."""
    view = project(
        _ENTRIES[dataset],
        decide(policy, actor, "read", dataset, None, TODAY),
        stored=STORED, stored_sorted=True, table=("memory", "main", "cases"), row_count=0, files={}, release="1",
        keys=JoinKeys(b"benchmark"),
    )  # fmt: skip
    if view is None:
        raise RuntimeError(f"the policy of the benchmark denies {dataset}")
    if not view.relation_text:  # written when it is first asked for: a part of the rewrite
        raise RuntimeError(f"the view of {dataset} has no relation")
    return view


_ENTRIES = {name: entry(name) for name in ("open", "cases_0")}


def fill(engine: Engine, rows: int) -> None:
    """The table every query reads, in key order, and the keys of some withdrawn rows of it."""
    engine.run(
        f"""
        CREATE TABLE memory.main.cases AS
        SELECT printf('C%09d', i) AS case_no, substr(street, 1, 6) AS district, street,
            'kind ' || (i % 9) AS kind, (i % 500)::INTEGER AS minutes,
            TIMESTAMP '2026-01-01' + to_minutes(i) AS reported_at, (i % 900)::DECIMAL(18,2) AS fee,
            '来电 139' || printf('%08d', i * 7919 % 100000000) || ' 反映路灯不亮' AS note, '张三' || (i % 7) AS name,
            '138' || printf('%08d', i * 6007 % 100000000) AS phone, '建国路' || (i % 300) || '号' AS address,
            printf('990101199001%06d', i % 1000000) AS id_no
        FROM (SELECT i, list_value({", ".join(f"'{s}'" for s in STREETS)})[1 + (i % {len(STREETS)})::INTEGER] AS street
            FROM range({rows}) AS r(i))
        """
    )
    engine.run("CREATE TABLE memory.main.gone AS SELECT case_no FROM cases WHERE hash(case_no) % 1000 = 7")


def hides(view: View) -> View:
    """The view of a dataset with withdrawn rows, which has to be sorted, since leaving rows out keeps no order."""
    gone = Withdrawn(("memory", "main", "gone"), ("case_no",), 1, "gone", lambda _: ())
    return replace(view, withdrawn=gone.condition, sorted=False)


def queries(view: View) -> dict[str, Query]:
    """What is asked of every view: a page, a look-up and a filtered, ordered page."""
    key, minutes = view.column("case_no"), view.column("minutes")
    if key is None or minutes is None:
        raise RuntimeError("the view of the benchmark lacks its columns")
    filtered = (Condition(minutes, OPERATORS["ge"], (250,)),)
    single = (Condition(key, OPERATORS["eq"], ("C000000000",)),)
    return {
        "first page of 100": Query(view, view.columns, (), (Sort(key),), 100),
        "one row by key": Query(view, view.columns, single, (Sort(key),), 1),
        "filtered and ordered": Query(view, view.columns, filtered, (Sort(minutes, descending=True),), 100),
    }


def cold_and_cached(policy: CompiledPolicy, dataset: str, actor: Actor, repeat: int) -> list[str]:
    """Milliseconds of a decision, of decision and rewrite, and of finding the view again."""
    plans: Plans[View] = Plans(10)

    def again() -> View:
        return plans.get((policy.digest, actor.digest, dataset, "read", None, TODAY), whole)

    def deciding() -> str:
        return decide(policy, actor, "read", dataset, None, TODAY).digest

    def whole() -> View:
        return view_of(policy, dataset, actor)

    return [f"{milliseconds(work, repeat):.3f}" for work in (deciding, whole, again)]


def main() -> int:
    """Measure and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=7)
    given = parser.parse_args()
    policy = city_policy()
    policy.division_tree.below("990101", 4)
    sys.stdout.write(f"Rules: {len(policy.rules)}, datasets: {len(policy.datasets)}. Milliseconds of processor.\n\n")
    cold = [[name, *cold_and_cached(policy, *asked, given.repeat)] for name, asked in ACTORS.items()]
    sys.stdout.write(table(["caller", "decide", "decide and rewrite", "cached"], cold) + "\n\n")
    with TemporaryDirectory() as folder:
        engine = Engine(Path(folder), memory_limit="2GB", threads=2, places=1, exports=1)
        fill(engine, given.rows)
        sys.stdout.write(f"{given.rows:,} rows; milliseconds, and ratio to the same query ungoverned.\n\n")
        rows = against(engine, policy, given.repeat)
        engine.close()
    heads = ["query", "caller", "governed", "ungoverned", "ratio", "with withdrawn rows", "ratio"]
    sys.stdout.write(table(heads, rows) + "\n")
    return 0


def against(engine: Engine, policy: CompiledPolicy, repeat: int) -> list[list[object]]:
    """Every query of every caller, with and without withdrawn rows, and over the same columns without policy."""
    rows: list[list[object]] = []
    with asyncio.Runner() as runner:
        for name, (dataset, actor) in ACTORS.items():
            view = view_of(policy, dataset, actor)
            bare = replace(view, governed=None, key=tuple(c for c in view.columns if c.name == "case_no"), sorted=True)
            for asked, query in queries(view).items():
                seen, plain, less = (
                    milliseconds(partial(run, runner, engine, replace(query, view=over)), repeat)
                    for over in (view, bare, hides(view))
                )
                ratios = [f"{seen / plain:.2f}", f"{less:.2f}", f"{less / plain:.2f}"]
                rows.append([asked, name, f"{seen:.2f}", f"{plain:.2f}", *ratios])
    return rows


def run(runner: asyncio.Runner, engine: Engine, query: Query) -> object:
    """Compile a query and run it as the gateway does."""
    return runner.run(engine.fetch(compile_page(query), timeout=60))


if __name__ == "__main__":
    sys.exit(main())
