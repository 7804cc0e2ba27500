"""A city: its folder's `city.yml` and feed contracts, read into one typed value."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from pydantic import ConfigDict, Field, field_validator

from catalog.city_codes import CityCodes
from catalog.contract.load import load_contract
from catalog.contract.model import FeedContract, Table
from catalog.contract.options import Strict, Title
from catalog.contract.sql import landed_tables
from catalog.errors import CatalogError, Problem
from catalog.service_requests import ServiceRequests
from catalog.validate import nearest, validate
from catalog.vocabulary import check_vocabulary
from catalog.yamlfile import read_yaml

CONTRACT_SUFFIX = ".odcs.yaml"


class Demo(Strict):
    """Where the simulated department systems of a demonstration city are: a Python package in its folder."""

    module: str


class CityFile(Strict):
    """What `city.yml` says. `bbox` is [min lon, min lat, max lon, max lat] in degrees.

    `without` names groups of models (`meta.group`) that the city does not build, though it delivers what they stand on.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Title
    country: str
    timezone: str
    area_code: str
    bbox: tuple[float, float, float, float]
    default_crs: str
    licence: str
    publisher: Title
    demo: Demo | None = None
    open311: ServiceRequests | None = None
    codes: CityCodes | None = None
    without: tuple[str, ...] = ()

    @field_validator("bbox")
    @classmethod
    def _ordered(cls, bbox: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        west, south, east, north = bbox
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValueError("bbox must be [min lon, min lat, max lon, max lat] in degrees")
        return bbox

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("not an IANA time zone such as Asia/Shanghai") from None
        return name


class City(CityFile):
    """A city with its folder and its feeds by id; paths below `root` need not exist."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: Path
    feeds: dict[str, FeedContract]

    @property
    def staging_dir(self) -> Path:
        """The city's staging models, one folder per feed."""
        return self.root / "staging"

    @property
    def vocabulary_dir(self) -> Path:
        """The city's vocabulary CSV files."""
        return self.root / "vocabulary"

    def contract_path(self, feed: str) -> Path:
        """File of the contract of `feed`."""
        return self.root / "feeds" / f"{feed}{CONTRACT_SUFFIX}"

    def tables(self) -> Iterator[tuple[FeedContract, Table]]:
        """Every delivered table with its feed, by feed id and then in contract order."""
        for feed in self.feeds.values():
            for table in feed.tables:
                yield feed, table


def load_city(path: Path) -> City:
    """The city in folder `path` (or of that `city.yml`); CatalogError with every fault of its files."""
    root = (path.parent if path.name == "city.yml" else path).resolve()
    authored = validate(CityFile, read_yaml(root / "city.yml"))
    feeds: dict[str, FeedContract] = {}
    problems: list[Problem] = []
    for file in sorted((root / "feeds").glob(f"*{CONTRACT_SUFFIX}")):
        try:
            contract = load_contract(file)
        except CatalogError as error:
            problems += error.problems
            continue
        feeds[contract.id] = contract
        if contract.id != file.name.removesuffix(CONTRACT_SUFFIX):
            mend = f"Rename the file to {contract.id}{CONTRACT_SUFFIX}, or correct the id"
            problems.append(Problem(file, None, "id", f"the file is not named after its feed `{contract.id}`", mend))
    city = City(**dict(authored), root=root, feeds=feeds)
    problems += _shared_names(city)
    if problems:
        raise CatalogError(problems)
    return city


def check_city(city: City) -> list[Problem]:
    """Faults of a loaded city beyond its single contracts: its vocabulary files, and what its rules read."""
    problems = check_vocabulary(city.vocabulary_dir) or _unknown_owners(city)
    problems += _unknown_landed(city)
    if not city.feeds:
        problems.append(Problem(city.root / "feeds", None, "", "the city has no feed", "Add feeds/<feed>.odcs.yaml"))
    return problems


def _unknown_owners(city: City) -> list[Problem]:
    """A feed is answered for by a department that `organisation.csv` lists."""
    with (city.vocabulary_dir / "organisation.csv").open(encoding="utf-8-sig", newline="") as file:
        known = {row["org_code"] for row in csv.DictReader(file)}
    return [
        Problem(
            city.contract_path(feed.id),
            None,
            "owner_org",
            f"vocabulary/organisation.csv has no department `{feed.options.owner_org}`",
            f"Add it there; {nearest(feed.options.owner_org, known)}",
        )
        for feed in city.feeds.values()
        if feed.options.owner_org not in known
    ]


def _shared_names(city: City) -> list[Problem]:
    """Two feeds may not land in the same table of the lake."""
    problems, owner = [], dict[str, str]()
    for feed, table in city.tables():
        first = owner.setdefault(table.physical_name, feed.id)
        if first != feed.id:
            text = f"feed `{first}` already lands in landed.{table.physical_name}"
            key = f"schema[{table.name}].physicalName"
            problems.append(Problem(city.contract_path(feed.id), None, key, text, "Choose another physicalName"))
    return problems


def _unknown_landed(city: City) -> list[Problem]:
    """Rules may read landed tables of any feed of the city, and of no other."""
    landed = {table.physical_name for _, table in city.tables()}
    return [
        Problem(
            city.contract_path(feed.id),
            None,
            f"schema[{table.name}].quality[{rule.name}].implementation",
            f"no feed lands in landed.{name}",
            f"Correct it; {nearest(name, landed)}",
        )
        for feed, table in city.tables()
        for rule in table.rules()
        if "landed" in rule.implementation
        for name in sorted(landed_tables(rule.implementation) - landed)
    ]
