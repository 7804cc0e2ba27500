"""Codes of places, names by which they are called, and divisions that were merged."""

from __future__ import annotations

from collections.abc import Iterator

from departments.vocabulary.places import SINCE, Row

ROAD_FIRST = list("春夏秋冬晨暮云霞松竹梅兰金银玉翠")
ROAD_SECOND = list("晖明阳光华茂盛丰泰祥瑞福康宁安定")
COMPOUND_FIRST = list("锦绣碧桂华御汇美佳嘉恒鼎万和润都")
COMPOUND_SECOND = list("苑府庭园城湾郡墅轩居里台阁坊堤洲")
COMPOUND_LAST = ["花园", "小区", "家园", "公寓"]
COLLOQUIAL = "大院"

# scheme: code: (Chinese name, English name, further names under which it is delivered…)
SCHEMES: dict[str, dict[str, tuple[str, ...]]] = {
    "component_state": {
        "intact": ("完好", "Intact", "正常", "良好", "使用中"), "damaged": ("破损", "Damaged", "损坏", "缺损"),
        "lost": ("丢失", "Lost", "缺失"), "abandoned": ("废弃", "Abandoned", "停用"),
        "removed": ("移除", "Removed", "拆除", "已拆除"),
    },
    "house_use": {
        "residence": ("住宅", "Residence"), "commerce": ("商业", "Commerce"), "office": ("办公", "Office"),
        "industry": ("工业", "Industry"), "mixed": ("商住", "Mixed"),
    },
    "space_type": {
        "1": ("公共空间", "Public space"), "2": ("社区生活空间", "Community space"),
        "3": ("社会生产空间", "Production space"),
    },
    "address_precision": {
        "building": ("楼栋", "Building"), "door": ("门牌", "House number"), "compound": ("小区院落", "Compound"),
        "road": ("道路", "Road"), "division": ("行政区划", "Division"),
    },
}  # fmt: skip


def alias_rows() -> Iterator[Row]:
    """Rows of address_alias.csv: what people call the compounds."""
    for first, start in enumerate(COMPOUND_FIRST):
        for second, end in enumerate(COMPOUND_SECOND):
            stem = start + end
            yield "compound", stem + COLLOQUIAL, stem + COMPOUND_LAST[(first + second) % 4], SINCE, None


def change_rows() -> Iterator[Row]:
    """Rows of division_change.csv: a street and its community that were merged into others at the end of 2023."""
    yield "990101090", "990101001", "merged", "2024-01-01", "Merger of streets (fictional)"
    yield "990101090001", "990101001001", "merged", "2024-01-01", "Merger of streets (fictional)"


PARAMETERS = (
    ("crs.sample", 500, "Points of a file that are looked at to tell its reference system"),
    ("crs.min_cells", 15, "Points a file needs to be told by the middles of grid cells"),
    ("crs.max_offset_cells_m", 150, "Metres between the middles of points and cells that are still in place"),
    ("crs.min_components", 10, "Points a file needs to be told by components known before"),
    ("crs.max_offset_m", 50, "Metres between the middles of points and known components that are still in place"),
    ("codes.confidence.found", 0.9, "Confidence of a relation that was worked out from places"),
    ("address.min_confidence", 0.6, "An address that is less sure waits for a person"),
)
