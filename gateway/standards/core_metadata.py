"""The core metadata of a government information resource, with its sharing and opening attributes.

Modelled after the guide for catalogues of government information resources (政务信息资源目录编制指南) of 2017.
"""

from __future__ import annotations

from typing import Any

from catalog.standards import Standards
from gateway.standards.entry import Entry
from gateway.view.types import Family
from gateway.view.view import Column

_CLASSES = {"1": "基础信息资源", "2": "主题信息资源", "3": "部门信息资源"}
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
    ways = ["平台接口"] if entry.view.readable else []
    return {
        "信息资源分类": _CLASSES[code[0]] if code else None,
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
            "共享条件": _condition(facts.sharing),
            "共享方式": ways + (["文件下载"] if entry.files else []),
        },
        "开放属性": {
            "是否向社会开放": facts.opening != "none",
            "开放类型": words.opening[facts.opening].zh,
            "开放条件": _condition(facts.opening),
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


def _condition(extent: str) -> str | None:
    """What must be done to be let in, where there is a condition."""
    return "提出申请，经数据提供部门同意" if extent == "conditional" else None


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
