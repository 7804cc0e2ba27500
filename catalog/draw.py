"""The double-random draw: who is inspected and by whom, made so that anybody who knows pool and seed makes it again.

The digest of the pool is announced first. Of each credit grade the share its rate asks for is drawn, rounded up, in
the order of SHA-256 over seed and code; the inspectors of each object likewise. `dbt_project/macros/draws.sql` says
the same in SQL.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from pathlib import Path

OBJECT, INSPECTOR = "object", "inspector"
RATE, INSPECTORS = "draw.rate.", "draw.inspectors"
COLUMNS = ("kind", "code", "grade")


@dataclass(frozen=True)
class Member:
    """One line of a pool: an object with its credit grade, or an inspector, whose grade is empty."""

    kind: str
    code: str
    grade: str


def read_pool(path: Path) -> list[Member]:
    """The members of a CSV file with the columns kind, code and grade; ValueError names the line that is none."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path}: the columns are {', '.join(reader.fieldnames or ())}. Write {','.join(COLUMNS)}")
        members = [Member(row["kind"], row["code"], row["grade"] or "") for row in reader]
    seen = set()
    for line, member in enumerate(members, start=2):
        if member.kind not in (OBJECT, INSPECTOR) or not member.code or (member.kind, member.code) in seen:
            raise ValueError(
                f"{path}:{line}: not an object or inspector with a code that stands here for the first time"
            )
        seen.add((member.kind, member.code))
    return members


def pool_digest(pool: Iterable[Member]) -> str:
    """SHA-256 of the lines kind|code|grade in the order of their bytes, joined by line feeds, in hexadecimal."""
    lines = sorted(f"{m.kind}|{m.code}|{m.grade}".encode() for m in pool)
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def draw_quota(members: int, rate: Decimal) -> int:
    """How many of `members` are drawn at a rate from 0 to 1: rounded to a millionth, then up."""
    exact = (members * rate).quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN)
    return int(exact.to_integral_value(rounding=ROUND_CEILING))


def drawn_objects(pool: Iterable[Member], seed: str, rates: Mapping[str, Decimal]) -> list[Member]:
    """The objects drawn, by grade and in the order of their draw; a grade without a rate is not drawn from."""
    drawn = []
    objects = [member for member in pool if member.kind == OBJECT]
    for grade in sorted(rates):
        ordered = sorted((m for m in objects if m.grade == grade), key=lambda m: (_digest(seed, m.code), m.code))
        drawn += ordered[: draw_quota(len(ordered), rates[grade])]
    return drawn


def drawn_inspectors(pool: Iterable[Member], seed: str, code: str, number: int) -> list[str]:
    """Codes of the `number` inspectors drawn for the object `code`, sorted."""
    codes = [member.code for member in pool if member.kind == INSPECTOR]
    return sorted(sorted(codes, key=lambda inspector: (_digest(seed, code, inspector), inspector))[:number])


def draw_parameters(vocabulary: Path, day: date) -> tuple[dict[str, Decimal], int]:
    """Rate by grade, and inspectors for each object, in force on a day by a city's parameter.csv."""
    with (vocabulary / "parameter.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if (row["valid_from"] or "0001-01-01") <= day.isoformat() <= (row["valid_to"] or "9999-12-31")
        ]
    values = {row["name"]: Decimal(row["value"]) for row in rows}
    rates = {name.removeprefix(RATE).upper(): value for name, value in values.items() if name.startswith(RATE)}
    return rates, int(values.get(INSPECTORS, 2))


def _digest(*parts: str) -> str:
    return hashlib.sha256(":".join(parts).encode()).hexdigest()
