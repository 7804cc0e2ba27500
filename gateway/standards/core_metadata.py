"""The core metadata of a government information resource, with its sharing and opening attributes.

Modelled after the guide for catalogues of government information resources (政务信息资源目录编制指南) of 2017.
"""

from __future__ import annotations

from typing import Any

from catalog.standards import Standards
from gateway.standards.entry import Entry
from gateway.view.types import Family
from gateway.view.view import Column

_TYPES: dict[Family, str] = {
    Family.TEXT: "字符型",
    Family.INTEGER: "数值型",
    Family.DECIMAL: "数值型",
    Family.FLOAT: "数值型",
    Family.BOOLEAN: "逻辑型",
    Family.DATE: "日期型",
    Family.TIMESTAMP: "日期时间型",
    Family.TIME: "时间型",
    Family.NESTED: "结构型",
}


def core_metadata(entry: Entry) -> dict[str, Any]:
    """The document, its members in Chinese as the guide names them.

    Only items the caller may know of are listed; the level of the resource is the highest of theirs.
    """
    facts, words = entry.view.facts, entry.site.words
    code = facts.resource_code
    frequency = entry.frequency
    offered = {"interface": entry.view.readable, "file": bool(entry.files)}
    return {
        "信息资源分类": words.resource_classes[code[0]].zh if code else None,
        "信息资源名称": facts.title.zh,
        "信息资源英文名称": facts.title.en,
        "信息资源代码": code,
        "信息资源标识": entry.view.dataset,
        "信息资源提供方": facts.publisher.zh,
        "信息资源提供方代码": facts.owner,
        "信息资源摘要": facts.description,
        "信息资源格式": [file.format.upper() for file in entry.files] + (["JSON"] if entry.view.readable else []),
        "信息项": [_item(column) for column in entry.view.columns],
        "共享属性": {
            "共享类型": words.sharing[facts.sharing].zh,
            "共享条件": words.condition.zh if facts.sharing == "conditional" else None,
            "共享方式": [title.zh for way, title in words.ways.items() if offered[way]],
        },
        "开放属性": {
            "是否向社会开放": facts.opening != "none",
            "开放类型": words.opening[facts.opening].zh,
            "开放条件": words.condition.zh if facts.opening == "conditional" else None,
        },
        "更新周期": frequency.title.zh if frequency else facts.frequency,
        "发布日期": entry.modified.date().isoformat(),
        "数据分级": max(column.level for column in entry.view.columns),
        "数据量": facts.row_count,
        "许可": facts.licence,
        "质量评分": facts.quality.score if facts.quality else None,
        "主题": [_theme(theme, words) for theme in facts.themes],
        "发布版本": entry.site.number,
        "访问地址": entry.address,
    }


def _item(column: Column) -> dict[str, Any]:
    kind = column.kind
    item: dict[str, Any] = {
        "信息项名称": column.title.zh,
        "信息项英文名称": column.title.en,
        "字段名": column.name,
        "数据类型": _TYPES[kind.family],
        "是否可为空": column.nullable,
        "数据分级": column.level,
        "说明": column.description,
    }
    return item | ({"数据精度": [kind.precision, kind.scale]} if kind.family is Family.DECIMAL else {})


def _theme(theme: str, words: Standards) -> str:
    known = words.themes.get(theme)
    return known.title.zh if known else theme
