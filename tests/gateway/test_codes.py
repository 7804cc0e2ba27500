"""City codes over HTTP: found whatever their case, by codes of their own and by aliases; refused without a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import segno

from catalog.city_codes import CityCodes, city_code_check, is_city_code
from catalog.contract.options import Level
from gateway.codes.symbol import symbol
from tests.gateway.conftest import client_over
from tests.gateway.fake_policy import policy_over, put_policy
from tests.gateway.fake_release import dataset_entry, publish_rows
from tests.gateway.key_holders import issue_keys

TEXT: tuple[str, Level] = ("VARCHAR", "L1")
LAMP, FIRST, SECOND = (
    body + city_code_check(body) for body in ("110105P10101000000123", "110105P00501000000001", "110105P00501000000002")
)
CODES = CityCodes.model_validate(
    {
        "register": {"dataset": "codes", "code": "code", "own_code": "own", "successors": "became"},
        "aliases": {"dataset": "aliases", "code": "code", "alias": "alias"},
        "parts": {"entity": {"dataset": "entities", "code": "code"}},
    }
)
ROWS: dict[str, list[dict[str, Any]]] = {
    "codes": [
        {"code": LAMP, "own": "1101050101000123", "became": f"{FIRST};{SECOND};110105P90101000000001X"},
        {"code": FIRST, "own": "f", "became": None},
        {"code": SECOND, "own": "s", "became": None},
    ],
    "aliases": [
        {"code": FIRST, "alias": "同址"}, {"code": SECOND, "alias": "同址"},
        {"code": "110105P10101000000999Z", "alias": "gone"},
    ],
    "entities": [{"code": LAMP, "name": "路灯", "place": "门前"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    home: Path = tmp_path_factory.mktemp("codes")
    columns: dict[str, dict[str, tuple[str, Level]]] = {
        "codes": {"code": TEXT, "own": TEXT, "became": TEXT},
        "aliases": {"code": TEXT, "alias": TEXT},
        "entities": {"code": TEXT, "name": TEXT, "place": ("VARCHAR", "L2")},
    }
    entries = [
        dataset_entry(name, told, ("code",) if name != "aliases" else ("code", "alias"))
        for name, told in columns.items()
    ]
    publish_rows(home, 1, entries, ROWS, codes=CODES)
    put_policy(home, policy_over(entries))
    department = issue_keys(home)["owner"]
    with client_over(home) as client:
        yield client, department


def test_check_characters_of_the_domain() -> None:
    assert LAMP == "110105P10101000000123U"
    assert is_city_code("110105B303010000000011")
    assert not is_city_code("110105B303010000000012")
    assert not is_city_code("110105P1010100000012３U")


def test_a_code_is_found_in_any_case_and_by_other_codes(served: tuple[httpx.Client, dict[str, str]]) -> None:
    client, _ = served
    told = client.get(f"/v1/codes/{LAMP}").json()
    assert told["register"] == ROWS["codes"][0]
    assert told["qr"] == f"/v1/codes/{LAMP}/qr"
    for other in (LAMP.lower(), "1101050101000123"):
        assert client.get(f"/v1/codes/{other}").json() == told | {"asked": other}


def test_what_it_became_is_told_of_what_there_is(served: tuple[httpx.Client, dict[str, str]]) -> None:
    client, _ = served
    assert client.get(f"/v1/codes/{LAMP}").json()["successors"] == ROWS["codes"][1:]


def test_a_code_of_several_things_is_that_of_each(served: tuple[httpx.Client, dict[str, str]]) -> None:
    client, _ = served
    told = client.get("/v1/codes/同址").json()
    assert [match["code"] for match in told["matches"]] == [FIRST, SECOND]
    assert told["complete"] is True
    assert client.get("/v1/codes/同址/qr").status_code == 404


def test_parts_are_seen_by_tier(served: tuple[httpx.Client, dict[str, str]]) -> None:
    client, department = served
    public = client.get(f"/v1/codes/{LAMP}").json()["parts"]["entity"]["rows"]
    owner = client.get(f"/v1/codes/{LAMP}", headers=department).json()["parts"]["entity"]["rows"]
    assert public == [{"code": LAMP, "name": "路灯"}]
    assert owner == ROWS["entities"]


@pytest.mark.parametrize("code", ["nothing", "110105P10101000000123V", "gone", "%00", "110105P10101000000999Z"])
def test_what_is_no_code_is_not_there(served: tuple[httpx.Client, dict[str, str]], code: str) -> None:
    client, _ = served
    for part in ("", "/qr"):
        refused = client.get(f"/v1/codes/{code}{part}")
        assert refused.status_code == 404, refused.text
        assert refused.json()["detail"].startswith("There is no such code")


def test_the_symbol_is_of_the_address_and_says_the_code(served: tuple[httpx.Client, dict[str, str]]) -> None:
    client, _ = served
    answer = client.get(f"/v1/codes/{LAMP.lower()}/qr")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.content == symbol(f"{str(client.base_url).rstrip('/')}/v1/codes/{LAMP}", LAMP)
    drawn = ElementTree.fromstring(answer.content)
    texts = [part.text for part in drawn.iter() if part.tag.endswith(("title", "text"))]
    assert texts == [LAMP, LAMP]
    assert drawn.attrib["width"] == "40mm"
    plain = segno.make(f"{str(client.base_url).rstrip('/')}/v1/codes/{LAMP}", error="q", boost_error=False)
    [path] = [part.attrib["d"] for part in drawn.iter() if part.tag.endswith("path")]
    assert path in plain.svg_inline(border=4)
