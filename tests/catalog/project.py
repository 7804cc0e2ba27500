"""A small dbt project over the test city, from landed rows to one open dataset, compiled by dbt itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from catalog.city import City
from catalog.exporters.dbt_sources import dbt_sources

PROJECT = """\
name: lakeside
version: "1.0"
profile: lakeside
flags: {send_anonymous_usage_stats: false}
models:
  lakeside:
    staging: {+schema: staging, +materialized: view}
    base: {+schema: base, +contract: {enforced: true}}
    topic: {+schema: topic, +contract: {enforced: true}}
    open: {+schema: open, +contract: {enforced: true}}
"""
PROFILE = """\
lakeside:
  target: test
  outputs:
    test: {type: duckdb, path: ":memory:", database: lake, schema: main, attach: [{path: "lake.db", alias: lake}]}
"""
SCHEMA_MACRO = "{% macro generate_schema_name(name, node) %}{{ name | trim }}{% endmacro %}"
MODELS = {
    "staging/stg_lamps__repair": """\
        with delivered as (select *, trim(repair_no) as number from {{ source('landed', 'lamps_repair') }})
        select d.number as repair_no, x.code as org_code, d.cost_yuan, d.reported_at, d._load_id
        from delivered as d
        left join {{ source('vocab', 'code_crosswalk') }} as x on x.scheme = 'org' and x.source_value = d.org_code""",
    "base/base_organisation": """\
        select org_code, name as org_name from {{ source('vocab', 'organisation') }} where valid_to is null""",
    "topic/topic_repair": """\
        select * exclude (version_rank) from (
            select *, row_number() over (partition by repair_no order by reported_at desc) as version_rank
            from {{ ref('stg_lamps__repair') }}
        ) as ranked where version_rank = 1""",
    "open/open_repair_cost": """\
        with costs as (
            select org_code, count(*) as repairs, sum(cost_yuan) as cost_yuan from {{ ref('topic_repair') }} group by 1
            union all
            select 'all', count(*), sum(cost_yuan) from {{ ref('topic_repair') }}
        )
        select c.org_code, c.repairs, c.cost_yuan,
            (select o.org_name from {{ ref('base_organisation') }} as o where o.org_code = c.org_code) as org_name
        from costs as c""",
}
COLUMNS = {
    "stg_lamps__repair": "repair_no varchar L1, org_code varchar L1, cost_yuan decimal(18,2) L2, "
    "reported_at timestamp L1, _load_id bigint L2",
    "base_organisation": "org_code varchar L1, org_name varchar L1",
    "topic_repair": "repair_no varchar L1, org_code varchar L1, cost_yuan decimal(18,2) L2, "
    "reported_at timestamp L1, _load_id bigint L2",
    "open_repair_cost": "org_code varchar L1, repairs bigint L1, cost_yuan decimal(38,2) L2, org_name varchar L1",
}
DATASET = {
    "id": "repair_cost",
    "sharing": "unconditional",
    "opening": "unconditional",
    "key": ["org_code"],
    "update_frequency": "daily",
    "themes": ["lighting"],
}


def properties(name: str) -> dict[str, Any]:
    """The property file entry of one model, as authors write it."""
    columns = []
    for entry in COLUMNS[name].split(", "):
        column, kind, level = entry.split(" ")
        meta = {"title": {"zh": column, "en": column}, "level": level}
        columns.append({"name": column, "data_type": kind, "description": column, "config": {"meta": meta}})
    meta = {"title": {"zh": name, "en": name}, "level": "L2", "owner": "LIGHT", "group": "lamps"}
    extra = {"dataset": DATASET} if name.startswith("open_") else {}
    return {
        "name": name,
        "description": f"One row per {name}. As simple as can be.",
        "config": {"meta": meta | extra},
        "columns": columns,
    }


def write_project(city: City, folder: Path) -> Path:
    """The project's files below `folder`, with the sources derived from the city."""
    files = {"dbt_project.yml": PROJECT, "profiles.yml": PROFILE, "macros/schema_name.sql": SCHEMA_MACRO}
    files["models/sources.yml"] = dbt_sources(city)
    files |= {f"models/{path}.sql": sql for path, sql in MODELS.items()}
    names = [path.split("/")[1] for path in MODELS]
    models = json.dumps({"version": 2, "models": [properties(name) for name in names]}, indent=1)
    files["models/models.yml"] = models
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def compile_project(folder: Path) -> Path:
    """Lets dbt compile the project and gives its manifest."""
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "--warn-error", "compile", "--no-introspect"]
    done = subprocess.run([*command, "--profiles-dir", "."], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "target" / "manifest.json"
