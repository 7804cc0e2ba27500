"""Organisations of the city: bureaus, districts and their bureaus, street offices; former and short names."""

from __future__ import annotations

from collections.abc import Iterator

from departments.identifiers import uscc
from departments.vocabulary.places import CITY, SINCE, Row, districts, streets

BUREAUS = {
    "ZX": ("12345热线服务中心", "12345 Hotline Centre", "热线中心"),
    "CGJ": ("城市管理局", "City Management Bureau", "城管局"),
    "XSJ": ("行政审批服务局", "Administrative Approval Bureau", "审批局"),
    "FGW": ("发展和改革委员会", "Development and Reform Commission", "发改委"),
    "SJJ": ("数据管理局", "Data Administration", "数据局"),
    "SCJ": ("市场监督管理局", "Market Regulation Bureau", "市监局"),
    "ZJJ": ("住房和城乡建设局", "Housing and Construction Bureau", "住建局"),
    "JTJ": ("交通运输局", "Transport Bureau", "交通局"),
    "HBJ": ("生态环境局", "Ecology and Environment Bureau", "环保局"),
    "SWJ": ("水务局", "Water Bureau", "水务局"),
    "YLJ": ("园林绿化局", "Parks and Greenery Bureau", "园林局"),
    "YJJ": ("应急管理局", "Emergency Management Bureau", "应急局"),
    "WJW": ("卫生健康委员会", "Health Commission", "卫健委"),
    "JYJ": ("教育局", "Education Bureau", "教育局"),
    "RSJ": ("人力资源和社会保障局", "Human Resources and Social Security Bureau", "人社局"),
    "MZJ": ("民政局", "Civil Affairs Bureau", "民政局"),
    "GAJ": ("公安局", "Public Security Bureau", "公安局"),
    "ZRJ": ("自然资源和规划局", "Natural Resources and Planning Bureau", "资规局"),
    "RLJ": ("热力管理办公室", "District Heating Office", "热力办"),
    "RQJ": ("燃气管理办公室", "Gas Office", "燃气办"),
}
DISTRICT_BUREAUS = ("CGJ", "SCJ", "ZJJ", "HBJ")
RENAMED = {  # bureau: its name until the end of 2024
    "CGJ": "市政市容管理委员会",
    "XSJ": "政务服务管理办公室",
    "HBJ": "环境保护局",
}
RENAMED_ON, LAST_OLD_DAY = "2025-01-01", "2024-12-31"


def organisation_rows() -> Iterator[Row]:
    """Rows of organisation.csv; a renamed organisation has a row for each name."""
    for number, (code, level, parent, division, name, english, former) in enumerate(_organisations(), start=1):
        credit = uscc("11", division[:6], f"{number:08}")
        if former:
            yield code, credit, former, english, level, parent, division, SINCE, LAST_OLD_DAY
        yield code, credit, name, english, level, parent, division, RENAMED_ON if former else SINCE, None


def alias_rows() -> Iterator[Row]:
    """Rows of organisation_alias.csv: the present, the former and the short names of every organisation."""
    seen = set()
    for code, _, _, _, name, _, former in _organisations():
        for alias in (name, former, *_short_names(code, name)):
            if alias and alias not in seen:
                seen.add(alias)
                yield alias, code


def _organisations() -> Iterator[tuple[str, str, str | None, str, str, str, str | None]]:
    yield "YZ", "city", None, CITY, "云州市人民政府", "Yunzhou People's Government", None
    for short, (name, english, _) in BUREAUS.items():
        former = RENAMED.get(short)
        old = f"云州市{former}" if former else None
        yield f"YZ-{short}", "bureau", "YZ", CITY, f"云州市{name}", f"Yunzhou {english}", old
    for district in districts():
        code = f"YZ-{district.code[4:]}"
        yield (
            code,
            "district",
            "YZ",
            district.code,
            f"{district.name}人民政府",
            f"District {district.code} Government",
            None,
        )
        for short in DISTRICT_BUREAUS:
            name, english, _ = BUREAUS[short]
            former = RENAMED.get(short)
            old = f"{district.name}{former}" if former else None
            label = f"District {district.code} {english}"
            yield f"{code}-{short}", "district_bureau", code, district.code, f"{district.name}{name}", label, old
    for street in streets():
        parent = f"YZ-{street.parent[4:]}"
        office = f"{street.name}办事处" if street.name.endswith("街道") else f"{street.name}人民政府"
        label = f"Street Office {street.code}"
        yield f"{parent}-{street.code[6:]}", "street", parent, street.code, office, label, None


def _short_names(code: str, name: str) -> tuple[str, ...]:
    parts = code.split("-")
    if len(parts) == 2 and parts[1] in BUREAUS:
        return (f"市{BUREAUS[parts[1]][2]}",)
    if len(parts) == 3 and parts[2] in BUREAUS:
        return (f"{name.removesuffix(BUREAUS[parts[2]][0])}{BUREAUS[parts[2]][2]}",)
    if len(parts) == 3:
        return (name.removesuffix("办事处").removesuffix("人民政府"),)
    return (name.removesuffix("人民政府"),) if len(parts) == 2 else ("市政府",)
