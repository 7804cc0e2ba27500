"""Chinese identifiers as SQL, written once: the rules of contracts call these by name, the models through macros.

Each is an expression over `{value}` in functions that DuckDB and Spark share; the tests are TRUE for a sound value and
NULL for none. They judge what is written: case and width are folded before, where a contract says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
SUBJECT_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SUBJECT_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
DIGITS = "0123456789"
PERSON_WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))
CITY_CODE_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CITY_CODE_BODY = 21  # district 6, one of GBCP, kind of space, class 4, number 9; the check character follows
# First two digits of a resident number by GB/T 2260, 83 of residence permits; 99 is assigned to nobody.
PROVINCES = (
    *range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83, 99,
)  # fmt: skip
_CALL = re.compile(r"\b([a-z_0-9]+)\(\s*([a-z_][a-z0-9_.]*)\s*\)")


@cache
def identifier_sql() -> Mapping[str, str]:
    """SQL over `{value}` by name.

    `is_uscc`: unified social credit code (GB 32100). `is_subject_code`: the code of the subject within one (GB 11714;
    old codes are known to fail it). `is_person_id`: resident number (GB 11643) of 18 or 15 digits, its province, date
    and check character. `person_id_18`: such a number with 18 digits. `person_born_on` and `person_sex` (M or F): what
    one of 18 digits says. `city_code_check`: the check character of the first 21 characters of a city code (ISO 7064
    MOD 37,36, GB/T 17710). `is_city_code`: a city code of 22 characters.
    """
    return MappingProxyType(
        {
            "is_uscc": _is_uscc(),
            "is_subject_code": _is_subject_code(),
            "is_person_id": _is_person_id(),
            "person_id_18": f"case length({{value}}) when 15 then {_upgraded()} else upper({{value}}) end",
            "person_born_on": f"try_cast({_date('{value}', 7)} as date)",
            "person_sex": "case when substr({value}, 17, 1) in ('1', '3', '5', '7', '9') then 'M' else 'F' end",
            "city_code_check": mod_37_36(CITY_CODE_BODY),
            "is_city_code": _is_city_code(),
        }
    )


def expand(expression: str) -> str:
    """A rule's expression with every call of one of these, with a column, replaced by its SQL."""
    known = identifier_sql()

    def sql(match: re.Match[str]) -> str:
        found = known.get(match[1])
        return f"({found.replace('{value}', match[2])})" if found else match[0]

    return _CALL.sub(sql, expression)


def _is_uscc() -> str:
    check = f"(31 - {_sum('{value}', USCC_ALPHABET, USCC_WEIGHTS)} % 31) % 31 + 1"
    return (
        f"length({{value}}) = 18 and translate({{value}}, '{USCC_ALPHABET}', '') = '' "
        f"and substr('{USCC_ALPHABET}', {check}, 1) = substr({{value}}, 18, 1)"
    )


def _is_subject_code() -> str:
    total = _sum("{value}", SUBJECT_ALPHABET, SUBJECT_WEIGHTS, first=9)
    return f"substr('0X987654321', {total} % 11 + 1, 1) = substr({{value}}, 17, 1)"


def _is_person_id() -> str:
    provinces = ", ".join(f"'{code}'" for code in PROVINCES)
    whole = (
        f"translate(substr({{value}}, 1, 17), '{DIGITS}', '') = '' "
        f"and try_cast({_date('{value}', 7)} as date) is not null "
        f"and {_person_check('{value}')} = upper(substr({{value}}, 18, 1))"
    )
    short = f"translate({{value}}, '{DIGITS}', '') = '' and try_cast({_date(_long(), 7)} as date) is not null"
    return (
        f"case length({{value}}) when 18 then {whole} when 15 then {short} else {{value}} <> {{value}} end "
        f"and substr({{value}}, 1, 2) in ({provinces})"
    )


def _upgraded() -> str:
    return f"concat({_long()}, {_person_check(_long())})"


def _long() -> str:
    """A number of 15 digits with its century: only the twentieth was written so."""
    return "concat(substr({value}, 1, 6), '19', substr({value}, 7, 9))"


def _person_check(number: str) -> str:
    return f"substr('10X98765432', {_sum(number, DIGITS, PERSON_WEIGHTS)} % 11 + 1, 1)"


def _is_city_code() -> str:
    digits, letters = f"translate({{value}}, '{DIGITS}', '')", f"'{CITY_CODE_ALPHABET}'"
    return (
        f"length({{value}}) = {CITY_CODE_BODY + 1} "
        f"and instr('GBCP', substr({{value}}, 7, 1)) > 0 and instr('0123', substr({{value}}, 8, 1)) > 0 "
        f"and {digits} in (substr({{value}}, 7, 1), concat(substr({{value}}, 7, 1), substr({{value}}, 22, 1))) "
        f"and instr({letters}, substr({{value}}, 22, 1)) > 0 "
        f"and {mod_37_36(CITY_CODE_BODY)} = substr({{value}}, 22, 1)"
    )


def mod_37_36(length: int) -> str:
    """The check character of the first `length` letters and digits, by ISO 7064 MOD 37,36.

    A hybrid system: each step needs the one before. What the standard writes as 36 in place of 0 is here one less,
    reduced, and one more.
    """
    carried = "36"
    for place in range(1, length + 1):
        value = f"instr('{CITY_CODE_ALPHABET}', substr({{value}}, {place}, 1)) - 1"
        carried = f"((({carried} + {value} - 1) % 36 + 1) * 2) % 37"
    return f"substr('{CITY_CODE_ALPHABET}', (37 - {carried}) % 36 + 1, 1)"


def _date(number: str, first: int) -> str:
    year, month, day = (f"substr({number}, {first + at}, {size})" for at, size in ((0, 4), (4, 2), (6, 2)))
    return f"concat({year}, '-', {month}, '-', {day})"


def _sum(text: str, alphabet: str, weights: Sequence[int], *, first: int = 1) -> str:
    """Sum of the places of characters in an alphabet, counted from 0, each by its weight."""
    terms = (
        f"(instr('{alphabet}', substr({text}, {place}, 1)) - 1) * {weight}"
        for place, weight in enumerate(weights, start=first)
    )
    return f"({' + '.join(terms)})"
