"""Residents are verified and never shown: one bit to whom it was granted, nothing at all to anybody else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalog.workspace import Workspace
from tests.city.conftest import Built
from tests.gateway.commands import access_in
from tests.libraries.office import asking, key_of

pytestmark = pytest.mark.slow(seconds=15)

PERSONS = "/v1/datasets/persons"
PURPOSE = {"CivicLake-Purpose": "law_enforcement"}
ASKED = ("person_key", "person_name", "born_on", "is_alive")
NOBODY = "P" + "0" * 32
SECRET = ("person_name", "sex_code", "born_on", "hukou_division_code", "residence_division_code")


@pytest.fixture(scope="module")
def registrars(released: Path) -> dict[str, str]:
    """The header of a department that was granted the verification of some columns of persons."""
    headers = key_of(released, "registrar", "YZ-CGJ")
    columns = [word for column in ASKED for word in ("--clear", column)]
    terms = ("--action", "verify", "--purpose", "law_enforcement", "--basis", "行政许可法 第三十四条", "--days", "9")
    access_in(released)("grant", "add", "persons", "--to", "registrar", *columns, *terms)
    return headers | PURPOSE


@pytest.fixture(scope="module")
def resident(libraries: Built) -> dict[str, Any]:
    names = ("person_key", "person_name", "sex_code", "born_on", "hukou_division_code", "residence_division_code")
    [row] = libraries.rows(
        f"SELECT {', '.join(names)} FROM lake.base.base_person WHERE is_alive AND length(person_name) > 2"
        " AND residence_division_code IS NOT NULL ORDER BY person_key LIMIT 1"
    )
    return dict(zip(names, map(str, row), strict=True))


async def verify(client: httpx.AsyncClient, key: str, **claims: object) -> httpx.Response:
    return await client.post(f"{PERSONS}/verify", json={"key": {"person_key": key}, "claims": claims})


def told(answer: httpx.Response) -> tuple[int, object]:
    """What an answer says, but for what names the request itself."""
    own = {"instance", "request_id"}
    return answer.status_code, {name: value for name, value in answer.json().items() if name not in own}


def test_a_department_with_a_grant_learns_whether_it_is_right(
    released: Path, registrars: dict[str, str], resident: dict[str, Any]
) -> None:
    """A wrong value and a person who is not there are told alike, and no value stands in answers or in the log."""

    async def scene() -> None:
        async with asking(released, registrars) as client:
            right = {"person_name": resident["person_name"], "born_on": resident["born_on"], "is_alive": True}
            answer = await verify(client, resident["person_key"], **right)
            assert answer.json() == {"dataset": "persons", "release": 1, "claims": dict.fromkeys(right, "match")}
            wrong = {"person_name": "无此人", "born_on": "1900-01-01", "is_alive": False}
            no = [await verify(client, key, **wrong) for key in (resident["person_key"], NOBODY)]
            assert told(no[0]) == told(no[1])
            assert no[0].json()["claims"] == dict.fromkeys(wrong, "no-match")
            assert told(await verify(client, NOBODY, **right)) == told(
                await verify(client, NOBODY, **(wrong | {"is_alive": True}))
            )
            keys = (resident["person_key"], NOBODY)
            beyond = [await verify(client, key, sex_code=resident["sex_code"]) for key in keys]
            assert (told(beyond[0]), beyond[0].status_code) == (told(beyond[1]), 400), "not granted, so not known"

    asyncio.run(scene())
    log = Workspace(released).audit.read_bytes()
    assert resident["person_name"].encode() not in log
    assert "无此人".encode() not in log


def test_without_the_right_there_is_no_difference_between_persons(
    released: Path, registrars: dict[str, str], resident: dict[str, Any]
) -> None:
    others = key_of(released, "stranger", "YZ-XSJ")
    without_purpose = {name: value for name, value in registrars.items() if name not in PURPOSE}

    async def scene() -> None:
        for headers, status in (({}, 404), (others, 403), (others | PURPOSE, 403), (without_purpose, 403)):
            async with asking(released, headers) as client:
                right = await verify(client, resident["person_key"], person_name=resident["person_name"])
                absent = await verify(client, NOBODY, person_name="无此人")
                assert (told(right), right.status_code) == (told(absent), status)

    asyncio.run(scene())


def test_nothing_of_a_person_is_shown_to_whoever_may_verify(
    released: Path, registrars: dict[str, str], resident: dict[str, Any]
) -> None:
    """Rows, counts, groups, files, other interfaces' pages: refused, and without a value of a person."""
    doors = [
        *(f"{PERSONS}/{door}" for door in (
            "rows", "rows.csv", "rows.parquet", "count", "distinct?column=person_name", "facets?facets=sex_code",
            "aggregate?group=sex_code&measure=count", "files/persons.csv", "changes?since=1",
            f"rows/{resident['person_key']}", f"rows?person_key={resident['person_key']}",
        )),
        "/resource/persons.json", "/ogc/collections/persons/items", "/odata/persons", "/datasets/persons",
        "/datastore/dump/persons", "/v1/sql?sql=SELECT%20*%20FROM%20persons",
    ]  # fmt: skip

    async def scene() -> None:
        async with asking(released, registrars) as client:
            for door in doors:
                answer = await client.get(door)
                assert answer.status_code >= 400 or door == "/datasets/persons", door
                shown = [resident[name] for name in ("person_key", *SECRET) if len(resident[name]) > 1]
                assert [value for value in shown if value in answer.text and value not in door] == [], door
            entry = (await client.get(PERSONS)).json()
            assert (entry["id"], resident["person_name"] in str(entry)) == ("persons", False)

    asyncio.run(scene())
    public = [file for file in (released / "releases").glob("*/files/*") if "person" in file.name]
    assert public == []
