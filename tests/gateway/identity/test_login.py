"""Login of people against a real OpenID provider: the whole way, and every way to go astray."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from catalog.workspace import Workspace
from gateway.control import accounts
from gateway.control.store import ControlStore, sqlite_url
from gateway.doors.login import LOGIN_COOKIE
from gateway.identity.oidc import is_safe, local_path
from gateway.identity.presented import SESSION_COOKIE
from tests.gateway.conftest import client_over
from tests.gateway.fake_release import publish
from tests.gateway.identity.conftest import START

PUBLIC_URL = "https://data.city.example"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Address of a provider process."""
    command = [sys.executable, str(Path(__file__).with_name("oidc_provider.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port, "the provider did not start"
        yield f"http://localhost:{port}"
        process.terminate()


@dataclass
class Browser:
    """A browser before the gateway: keeps cookies as their attributes say, follows redirects when told."""

    http: httpx.Client
    provider: str

    def __post_init__(self) -> None:
        self.cookies: dict[str, str] = {}
        self.attributes: dict[str, str] = {}

    def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
        answer = self.http.request(method, path, headers=sent, follow_redirects=False)
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.attributes[name] = line.lower()
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        return answer

    def allow(self, address: str, sub: str = "ann-1", action: str = "authorize") -> str:
        """Sign in at the provider and allow it; the path of ours it sends back to."""
        answer = httpx.post(address, data={"sub": sub, "action": action}, verify=False)
        target = urlsplit(answer.headers["location"])
        assert f"{target.scheme}://{target.netloc}" == PUBLIC_URL
        return f"{target.path}?{target.query}"

    def sign_in(self, sub: str = "ann-1", target: str = "/") -> httpx.Response:
        begun = self.get("/login?" + str(httpx.QueryParams({"next": target})))
        return self.get(self.allow(begun.headers["location"], sub))


@contextmanager
def gateway(home: Path, provider: str, claim: str = "sub") -> Iterator[Browser]:
    """A gateway that is a registered client of the provider and knows ann."""
    publish(home, 1, rows=3)
    store = ControlStore(sqlite_url(Workspace(home).control))
    store.migrate()
    with store.begin() as session:
        accounts.add_organisation(
            session, code="A", kind="department", title=("甲", "A"), divisions=("990101",), now=START, by="test"
        )
        login = {"sub": "ann-1", "email": "ann@city.example"}[claim]
        accounts.add_principal(
            session, name="ann", kind="person", title="Ann", organisation="A", login=login, now=START, by="test"
        )
    store.close()
    client = httpx.post(f"{provider}/oauth2/clients", json={"redirect_uris": [f"{PUBLIC_URL}/login/callback"]}).json()
    with client_over(
        home,
        public_url=PUBLIC_URL,
        oidc_issuer=provider,
        oidc_client_id=client["client_id"],
        oidc_client_secret=client["client_secret"],
        oidc_claim=claim,
    ) as http:
        yield Browser(http, provider)


@pytest.fixture
def browser(tmp_path: Path, provider: str) -> Iterator[Browser]:
    with gateway(tmp_path, provider) as found:
        yield found


def test_a_person_signs_in_is_known_and_signs_out(browser: Browser) -> None:
    answer = browser.sign_in(target="/v1/datasets?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/v1/datasets?x=1")
    who = browser.get("/v1/whoami").json()
    assert (who["id"], who["tier"], who["organisation"], who["by"]) == ("ann", "T2", "A", "session")
    assert LOGIN_COOKIE not in browser.cookies
    assert browser.get("/v1/datasets").headers["Cache-Control"] == "private, no-cache"
    kept = dict(browser.cookies)
    assert browser.get("/logout", "POST", Origin=PUBLIC_URL).status_code == 303
    assert browser.get("/v1/whoami").json()["tier"] == "T0"
    browser.cookies = kept
    assert browser.get("/v1/whoami").status_code == 401


def test_cookies_are_out_of_reach_of_scripts_plain_connections_and_other_sites(browser: Browser) -> None:
    browser.sign_in()
    for name in (SESSION_COOKIE, LOGIN_COOKIE):
        for attribute in ("httponly", "secure", "samesite=lax", "path=/"):
            assert attribute in browser.attributes[name]
        assert "domain" not in browser.attributes[name]


def test_the_request_to_the_provider_has_state_nonce_and_challenge(browser: Browser) -> None:
    query = parse_qs(urlsplit(browser.get("/login").headers["location"]).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert all(len(query[name][0]) >= 32 for name in ("state", "nonce", "code_challenge"))
    again = parse_qs(urlsplit(browser.get("/login").headers["location"]).query)
    assert not {again[name][0] for name in ("state", "nonce", "code_challenge")} & {
        query[name][0] for name in ("state", "nonce", "code_challenge")
    }


def test_a_login_is_finished_only_in_the_browser_that_began_it_and_once(browser: Browser) -> None:
    path = browser.allow(browser.get("/login").headers["location"])
    kept = dict(browser.cookies)
    browser.cookies.clear()
    assert browser.get(path).json()["code"] == "login-refused"
    browser.get("/login")  # another login under way in this browser: its state is another one
    assert browser.get(path).status_code == 403
    browser.cookies = dict(kept)
    assert browser.get(path).status_code == 303
    browser.cookies = dict(kept)
    assert browser.get(path).status_code == 403  # the code was used
    assert SESSION_COOKIE not in browser.cookies


@pytest.mark.parametrize("change", ["code=wrong", "state=wrong", "error=access_denied"])
def test_what_is_altered_or_denied_gives_no_session(browser: Browser, change: str) -> None:
    path = browser.allow(browser.get("/login").headers["location"])
    name, _, value = change.partition("=")
    altered = httpx.URL(path).copy_set_param(name, value)
    answer = browser.get(str(altered))
    assert (answer.status_code, answer.json()["code"]) == (403, "login-refused")
    assert SESSION_COOKIE not in browser.cookies


def test_being_known_to_the_provider_gives_nothing_here(browser: Browser) -> None:
    answer = browser.sign_in(sub="stranger")
    assert (answer.status_code, "registered" in answer.json()["detail"]) == (403, True)
    assert browser.get("/v1/whoami").json()["tier"] == "T0"


def test_an_unverified_address_is_nobody(tmp_path: Path, provider: str) -> None:
    with gateway(tmp_path, provider, claim="email") as browser:
        assert browser.sign_in(sub="eve-9").status_code == 403
        assert browser.sign_in(sub="ann-1").status_code == 303
        assert browser.get("/v1/whoami").json()["id"] == "ann"


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"},
                                     {"Origin": PUBLIC_URL, "Sec-Fetch-Site": "cross-site"}])  # fmt: skip
def test_other_sites_cannot_act_for_a_signed_in_person(browser: Browser, headers: dict[str, str]) -> None:
    """CKAN CVE-2026-41255: a page elsewhere acted in the name of who was signed in."""
    browser.sign_in()
    answer = browser.get("/logout", "POST", **headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross-site")
    assert browser.get("/v1/whoami").json()["id"] == "ann"


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\r\nX: y", "/\t/evil.example"],
)
def test_a_login_sends_nobody_to_another_site(target: str) -> None:
    """Datasette: an address of our own led elsewhere."""
    assert local_path(target) == "/"


def test_addresses_without_tls_are_for_this_machine_only() -> None:
    assert is_safe("https://id.city.example/x")
    assert is_safe("http://127.0.0.1:1/x")
    assert not is_safe("http://id.city.example/x")
    assert not is_safe("http://localhost.evil.example/x")


def test_without_a_provider_there_is_no_login(client: httpx.Client) -> None:
    assert client.get("/login").json()["code"] == "login-refused"
    assert client.get("/login/callback?code=x&state=y").json()["code"] == "login-refused"
