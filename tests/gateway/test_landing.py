"""The page for people: everything visible is on it, nothing of the catalog acts as markup."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from tests.gateway.conftest import client_over
from tests.gateway.fake_release import publish

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_browser_gets_the_page_a_program_gets_json(client: httpx.Client) -> None:
    assert client.get("/").headers["Content-Type"] == "application/json"
    page = client.get("/", headers=BROWSER)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "$" not in page.text  # no place of the template was left open


def test_every_link_of_the_page_leads_somewhere(client: httpx.Client) -> None:
    links = set(re.findall(r'href="(/[^"]*)"', client.get("/", headers=BROWSER).text))
    assert {"/v1/datasets/tickets", "/v1/datasets/tickets/files/tickets.csv", "/v1/datasets/sealed_key"} <= links
    assert {link: client.get(link.replace("&amp;", "&")).status_code for link in links} == dict.fromkeys(links, 200)


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
