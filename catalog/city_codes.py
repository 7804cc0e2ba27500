"""City codes: when one is sound, and which datasets of a city tell of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from catalog.contract.options import Strict
from catalog.errors import Problem
from catalog.identifiers import CITY_CODE_ALPHABET, CITY_CODE_BODY
from catalog.validate import nearest

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.compiled import CompiledDataset

_SHAPE = re.compile(r"[0-9]{6}[GBCP][0-3][0-9]{13}[0-9A-Z]", re.ASCII)
_TEXT = ("VARCHAR", "TEXT")


class CodePart(Strict):
    """A dataset and its column of city codes; rows of it are told with the code."""

    dataset: str
    code: str


class CodeRegister(CodePart):
    """The dataset whose key the city code is: what is not found there is no code. `own_code` is a column by which
    things are found as well, `successors` one with the codes of what a thing became, joined by semicolons."""

    own_code: str | None = None
    successors: str | None = None


class CodeAliases(CodePart):
    """The dataset of other codes of the same things, in the column `alias`."""

    alias: str


class CityCodes(Strict):
    """Where the city codes of a city are told of. `parts` are told with a code, each under its name."""

    register_: CodeRegister = Field(alias="register")
    aliases: CodeAliases | None = None
    parts: Mapping[str, CodePart] = {}

    def columns(self) -> Iterator[tuple[str, str, str]]:
        """Every column that is named: where it stands in the file, its dataset, itself."""
        register, aliases = self.register_, self.aliases
        named = {"code": register.code, "own_code": register.own_code, "successors": register.successors}
        yield from ((f"register.{part}", register.dataset, name) for part, name in named.items() if name)
        if aliases is not None:
            yield "aliases.code", aliases.dataset, aliases.code
            yield "aliases.alias", aliases.dataset, aliases.alias
        yield from ((f"parts.{name}.code", part.dataset, part.code) for name, part in self.parts.items())


def is_city_code_shaped(text: str) -> bool:
    """Whether a text looks like a city code, right or wrong."""
    return _SHAPE.fullmatch(text) is not None


def city_code_check(body: str) -> str:
    """The check character of the first 21 characters of a city code, by ISO 7064 MOD 37,36; as the SQL of that name."""
    carried = 36
    for char in body[:CITY_CODE_BODY]:
        carried = ((carried + CITY_CODE_ALPHABET.index(char) - 1) % 36 + 1) * 2 % 37
    return CITY_CODE_ALPHABET[(37 - carried) % 36]


def is_city_code(text: str) -> bool:
    """Whether a text is a sound city code."""
    return is_city_code_shaped(text) and city_code_check(text) == text[-1]


def check_city_codes(city: City, datasets: Sequence[CompiledDataset]) -> list[Problem]:
    """Faults of what `city.yml` says under `codes`: datasets and columns there are none of, or of other types."""
    if city.codes is None:
        return []
    return [Problem(city.root / "city.yml", None, key, text, mend) for key, text, mend in _faults(city.codes, datasets)]


def _faults(said: CityCodes, datasets: Sequence[CompiledDataset]) -> Iterator[tuple[str, str, str]]:
    types = {dataset.id: {column.name: column.type for column in dataset.columns} for dataset in datasets}
    for place, dataset, name in said.columns():
        if dataset not in types:
            yield f"codes.{place}", f"there is no dataset `{dataset}`", nearest(dataset, list(types))
        elif name not in types[dataset]:
            yield f"codes.{place}", f"`{dataset}` has no column `{name}`", nearest(name, list(types[dataset]))
        elif types[dataset][name] not in _TEXT:
            yield f"codes.{place}", f"`{name}` is {types[dataset][name]}", f"Name a column of type {' or '.join(_TEXT)}"
