"""The page for people: everything visible is on it, nothing of the catalog acts as markup."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from lxml import html

from tests.gateway.conftest import client_over
from tests.gateway.fake_release import publish
from tests.gateway.places import places, publish_places

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_browser_gets_the_page_a_program_gets_json(client: httpx.Client) -> None:
    assert client.get("/").headers["Content-Type"] == "application/json"
    page = client.get("/", headers=BROWSER)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "$" not in page.text  # no place of the template was left open


def test_every_link_of_the_page_leads_somewhere(client: httpx.Client) -> None:
    links = set(re.findall(r'href="(/[^"]*)"', client.get("/", headers=BROWSER).text))
    assert {
        "/datasets/tickets",
        "/v1/datasets/tickets",
        "/v1/datasets/tickets/files/tickets.csv",
        "/v1/datasets/sealed_key",
    } <= links
    assert {link: client.get(link.replace("&amp;", "&")).status_code for link in links} == dict.fromkeys(links, 200)


def test_the_page_of_a_dataset_has_its_rows_and_leads_on(client: httpx.Client) -> None:
    address = "/datasets/tickets?minutes__ge=3&order=-fee&district__icontains=&limit=15"  # as the form sends it
    expected = client.get("/v1/datasets/tickets/rows?minutes__ge=3&order=-fee&limit=500").json()["rows"]
    keys: list[str] = []
    while address:
        page = client.get(address, headers=BROWSER)
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "script" not in page.headers["Content-Security-Policy"]
        told = html.fromstring(page.content)
        assert f"{len(expected)} 行" in told.text_content()
        keys += told.xpath("//tbody/tr/td[1][not(code)]/text()")
        address = next(iter(told.xpath("//a[@rel='next']/@href")), "")
    assert keys == [row["ticket_no"] for row in expected]


def test_every_link_and_field_of_a_page_works(client: httpx.Client) -> None:
    told = html.fromstring(client.get("/datasets/tickets?note__isnull=false", headers=BROWSER).content)
    links = [link for link in told.xpath("//a/@href | //link/@href") if link.startswith("/")]
    assert {client.get(link).status_code for link in links} == {200}
    assert "/datasets/tickets" in links  # which takes the condition away
    values = {"number": "1", "date": "2024-01-02", "datetime-local": "2024-01-02T08:00", "text": "a", "search": "路"}
    fields = {field.get("name"): values[field.get("type")] for field in told.xpath("//input[@type!='hidden']")}
    assert {f"{name}__ge" for name in ("minutes", "fee", "opened_on", "opened_at")} < set(fields)
    for name, value in (*fields.items(), ("urgent__eq", "true")):
        assert client.get("/datasets/tickets", params={name: value}).status_code == 200, name


def test_a_refused_filter_is_told_on_the_page_to_a_browser(client: httpx.Client) -> None:
    address = "/datasets/tickets?minutes=<i>"
    assert client.get(address).json()["code"] == "bad-value"
    page = client.get(address, headers=BROWSER)
    assert (page.status_code, "<i>" in page.text) == (400, False)
    assert "`minutes`: expected a whole number" in html.fromstring(page.content).text_content()
    for wrong in ("format=csv", "phone=1", "nothing=1", "cursor=x"):
        assert client.get(f"/datasets/tickets?{wrong}").status_code == 400


def test_values_are_text_and_not_markup(tmp_path: Path) -> None:
    publish_places(tmp_path, places(40))
    with client_over(tmp_path) as client:
        page = client.get("/datasets/places?limit=40").text
        assert "rows.fgb" in page
        assert "rows.fgb" not in client.get("/datasets/places?select=id,name").text
        assert "a &quot;quoted&quot; &lt;b&gt;" in page or 'a "quoted" &lt;b&gt; &amp; c' in page
        assert "<b> & c" not in page


def test_titles_are_text_and_not_markup(client: httpx.Client) -> None:
    """CKAN CVE-2025-54384 and datacontract-cli: what was stored ran in a page."""
    page = client.get("/", headers=BROWSER).text
    assert "tickets &lt;data&gt;" in page
    assert "<data>" not in page


@pytest.mark.parametrize(
    ("licence", "shown"),
    [
        ("https://creativecommons.org/licenses/by/4.0/", ">CC BY 4.0</a>"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0", ">CC BY-NC-SA 4.0</a>"),
        ("https://example.org/terms", ">example.org/terms</a>"),
        ("Own terms <b>", "<dd>Own terms &lt;b&gt;</dd>"),
        ("javascript:alert(1)", "<dd>javascript:alert(1)</dd>"),
    ],
)
def test_a_licence_is_shown_for_people(tmp_path: Path, licence: str, shown: str) -> None:
    publish(tmp_path, 1, rows=3, licence=licence)
    with client_over(tmp_path) as client:
        assert shown in client.get("/", headers=BROWSER).text
