"""Masks on a real engine: what each leaves, and that what is not understood is not shown."""

from __future__ import annotations

import hashlib
import hmac
from typing import get_args

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from catalog.policy.model import MaskKind
from gateway.policy.masks import JoinKeys, masked

KEYS = JoinKeys(b"a secret of this deployment, long enough")
VALUE = exp.column("value")


def apply(kind: MaskKind, values: list[str | None], consumer: str = "bureau") -> list[str | None]:
    binds = KEYS.binds(consumer) if kind == "join_key" else {}
    sql = masked(kind, VALUE, joinable=bool(binds)).sql(dialect="duckdb")
    with duckdb.connect() as con:
        found = con.execute(f"SELECT {sql} FROM (SELECT unnest($given) AS value)", {"given": values} | binds)
        return [value for (value,) in found.fetchall()]


@pytest.mark.parametrize(
    ("kind", "value", "left"),
    [
        ("name", "张三", "张*"),
        ("name", "张三丰", "张*"),
        ("name", "欧阳娜娜", "欧阳**"),
        ("name", "欧阳修", "欧阳**"),
        ("name", "欧阳", "欧*"),
        ("name", "张", "*"),
        ("name", "", "*"),
        ("mobile", "13912345678", "139****5678"),
        ("mobile", "+86 139-1234-5678", "139****5678"),
        ("mobile", "１３９12345678", "****"),
        ("mobile", "13912345678, 13912345679", "****"),
        ("mobile", "13912345678\n", "****"),
        ("landline", "010-12345678", "010****678"),
        ("landline", "12345678", "****678"),
        ("landline", "call me", "****"),
        ("id_number", "110101199001011234", "110***********1234"),
        ("id_number", "11010119900101123x", "110***********123x"),
        ("id_number", "110101900101123", "110********1123"),
        ("id_number", "E12345678", "****"),
        ("address", "朝阳区建国路88号院3号楼2单元", "朝阳区建国路**号"),
        ("address", "望京街道阜通东大街6号", "望京街道阜通东大街**号"),
        ("address", "望京社区二区3号楼", "望京社区***"),
        ("address", "建国路1号\n2单元", "建国路**号"),
        ("address", "3号楼", "****"),
        ("plate", "京A12345", "京A·***345"),
        ("plate", "京A·D12345", "京A·***345"),
        ("plate", "WJ 1234", "****"),
        ("email", "zhang.san@example.com", "z***@***"),
        ("email", "no address", "****"),
        ("free_text", "电话139 1234 5678，座机010-12345678", "电话139****5678，座机010-****678"),
        ("free_text", "身份证１１０１０１199001011234，车京A12345", "身份证110***********1234，车京A·***345"),
        ("free_text", "邮箱a.b@example.com，住12号3单元", "邮箱a***@***，住**号**单元"),
        ("free_text", "路灯不亮", "路灯不亮"),
        ("blank", "anything", None),
    ],
)
def test_what_a_mask_leaves(kind: MaskKind, value: str, left: str | None) -> None:
    assert apply(kind, [value, None]) == [left, None]


@settings(max_examples=60, derandomize=True, deadline=None)
@given(values=st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), max_size=20))
def test_join_keys_are_hmac_sha256(values: list[str]) -> None:
    key = KEYS.key("bureau")
    assert key is not None
    assert apply("join_key", [*values, None]) == [
        *(hmac.new(key, value.encode(), hashlib.sha256).hexdigest() for value in values),
        None,
    ]


def test_join_keys_join_for_one_consumer_only() -> None:
    assert apply("join_key", ["x", "x", "y"], "a")[0] == apply("join_key", ["x"], "a")[0]
    assert apply("join_key", ["x"], "a") != apply("join_key", ["x"], "b")
    assert JoinKeys(None).binds("a") == KEYS.binds(None) == {}
    with duckdb.connect() as con:
        sql = masked("join_key", VALUE, joinable=False).sql(dialect="duckdb")
        assert con.execute(f"SELECT {sql} FROM (SELECT 'x' AS value)").fetchall() == [(None,)]


@settings(max_examples=100, derandomize=True, deadline=None)
@given(values=st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), min_size=1))
def test_no_value_makes_a_mask_fail_or_passes_a_closed_one_whole(values: list[str]) -> None:
    kinds = get_args(MaskKind)
    outputs = ", ".join(masked(kind, VALUE, joinable=True).sql(dialect="duckdb") for kind in kinds)
    with duckdb.connect() as con:
        sql = f"SELECT {outputs} FROM (SELECT unnest($given) AS value)"
        rows = con.execute(sql, {"given": values} | KEYS.binds("bureau")).fetchall()
    assert len(rows) == len(values)
    for value, row in zip(values, rows, strict=True):
        for kind, left in zip(kinds, row, strict=True):
            assert kind in ("free_text", "name") or left != value or left == "****"
