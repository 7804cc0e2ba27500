"""Divisions and grid cells of the fictional city: 1 city, 16 districts, 215 streets and their communities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, hypot, radians

CITY = "990100"
SINCE = "2010-01-01"
WEST, NORTH = 122.56, 34.75
DISTRICT_WIDTH, DISTRICT_HEIGHT = 0.17, 0.125
DISTRICTS = (
    "云阳区", "江浦区", "海曙新区", "青山区", "临港区", "望湖区", "金塘区", "白石区",
    "凤溪区", "龙津区", "东屏区", "北塔区", "安渡区", "宁桥区", "兰陵新区", "松坪区",
)  # fmt: skip
FIRST = "东西南北中上下前后内外新古长永安"
SECOND = "平桥塘门关岭坊河湖山亭台园林浦渡"
TOWN_FROM = 11  # the 12th street of a district and later ones are towns
RETIRED_CELL_SINCE, RETIRED_CELL_UNTIL = "2015-01-01", "2025-12-31"
METRES_PER_DEGREE = 111_320.0

Row = tuple[object, ...]


@dataclass(frozen=True)
class Box:
    """A rectangle in degrees: west and north edge, width and height."""

    west: float
    north: float
    width: float
    height: float

    def part(self, column: int, row: int, columns: int, rows: int) -> Box:
        """Cell of this box cut into `columns` by `rows`, counted from the north-west."""
        width, height = self.width / columns, self.height / rows
        return Box(self.west + column * width, self.north - row * height, width, height)

    @property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of the middle."""
        return round(self.west + self.width / 2, 6), round(self.north - self.height / 2, 6)

    def size_m(self) -> tuple[float, float]:
        """Width and height in metres."""
        lat = self.centre[1]
        return self.width * METRES_PER_DEGREE * cos(radians(lat)), self.height * METRES_PER_DEGREE


@dataclass(frozen=True)
class Place:
    """A division with its rectangle."""

    code: str
    name: str
    level: int
    parent: str
    box: Box


def districts() -> list[Place]:
    """The 16 districts, in a square of four by four."""
    city = Box(WEST, NORTH, 4 * DISTRICT_WIDTH, 4 * DISTRICT_HEIGHT)
    return [
        Place(f"9901{number + 1:02}", name, 3, CITY, city.part(number % 4, number // 4, 4, 4))
        for number, name in enumerate(DISTRICTS)
    ]


def streets() -> list[Place]:
    """The 215 streets and towns: 13 a district, 14 in the first seven."""
    names = [first + second for second in SECOND for first in FIRST]
    found: list[Place] = []
    for number, district in enumerate(districts()):
        for place in range(14 if number < 7 else 13):
            town = place >= TOWN_FROM
            code = f"{district.code}{100 + place - TOWN_FROM if town else place + 1:03}"
            name = names[len(found)] + ("镇" if town else "街道")
            found.append(Place(code, name, 4, district.code, district.box.part(place % 5, place // 5, 5, 3)))
    return found


def communities() -> list[Place]:
    """Three or four communities in each street, side by side from the west."""
    found = []
    for number, street in enumerate(streets()):
        parts = 3 + number % 2
        stem = street.name.removesuffix("街道").removesuffix("镇")
        kind = "村" if street.name.endswith("镇") else "社区"
        for part in range(parts):
            name = f"{stem}{'一二三四'[part]}{kind}"
            found.append(Place(f"{street.code}{part + 1:03}", name, 5, street.code, street.box.part(part, 0, parts, 1)))
    return found


def division_rows() -> Iterator[Row]:
    """Rows of division.csv; the last two are a street and a community that were merged away at the end of 2023."""
    yield CITY, "云州市", 2, None, SINCE, None
    for place in (*districts(), *streets(), *communities()):
        yield place.code, place.name, place.level, place.parent, SINCE, None
    yield "990101090", "旧城街道", 4, "990101", SINCE, "2023-12-31"
    yield "990101090001", "旧城社区", 5, "990101090", SINCE, "2023-12-31"


def grid_rows() -> Iterator[Row]:
    """Rows of grid_cell.csv: four cells a community; every 40th community has one cell more that was given up."""
    for number, community in enumerate(communities()):
        for cell in range(4):
            yield _cell(community, cell + 1, community.box.part(cell % 2, cell // 2, 2, 2), SINCE, None)
        if number % 40 == 0:
            yield _cell(community, 9, community.box, RETIRED_CELL_SINCE, RETIRED_CELL_UNTIL)


def _cell(community: Place, sequence: int, box: Box, since: str, until: str | None) -> Row:
    width, height = box.size_m()
    duty = f"YZ-{community.code[4:6]}-{community.code[6:9]}"
    return (
        f"{community.code}{sequence:03}", community.code, duty, round(width * height), *box.centre,
        round(hypot(width, height) / 2), since, until,
    )  # fmt: skip
