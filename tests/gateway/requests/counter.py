"""The town over HTTP: a released town, everybody with a key, a clock set by hand, on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from catalog.compiled import CATALOG_FILE
from catalog.policy.divisions import DivisionTree
from catalog.policy.model import CompiledPolicy
from catalog.workspace import Workspace
from gateway.control import delegations, keys
from gateway.control.credentials import CredentialTerms
from gateway.identity.presented import KEY_HEADER
from gateway.identity.scope import Scope
from gateway.identity.service import open_identity
from gateway.settings import GatewaySettings
from tests.gateway.conftest import client_over
from tests.gateway.fake_policy import put_policy
from tests.gateway.fake_release import publish_rows
from tests.gateway.requests.town import PEOPLE, START, STEWARDS, STREETS, asked, catalog, entries, policy, register

SECRET = {"cursor_secret": "one secret for the town", "join_key_secret": "a join key secret of the whole town"}
ROWS: dict[str, list[dict[str, Any]]] = {
    "visits": [
        {
            "visit_no": f"V{n:03d}", "street": STREETS[n % 2], "kind": f"k{n % 3}", "name": "张三丰",
            "phone": f"1380000{n:04d}", "id_no": f"9901011990{n:08d}",
        }
        for n in range(10)
    ],
    "notes": [{"note_no": f"N{n}", "street": STREETS[n % 2], "remark": "好", "caller": "李四"} for n in range(4)],
    "sealed": [{"case_no": "S1"}],
}  # fmt: skip
IN_FORCE = policy()


@dataclass
class Counter:
    """Callers at the gateway of the town; `now` is what its clock says."""

    client: httpx.Client
    keys: dict[str, str]
    home: Path
    clock: list[datetime] = field(default_factory=lambda: [START])

    def wait(self, **span: float) -> None:
        self.clock[0] += timedelta(**span)

    def ask(self, who: str | None, method: str, address: str, body: Any = None, **headers: str) -> httpx.Response:
        key = {KEY_HEADER: self.keys[who]} if who else {}
        return self.client.request(method, address, json=body, headers=key | headers)

    def get(self, who: str | None, address: str, **headers: str) -> httpx.Response:
        return self.ask(who, "GET", address, **headers)

    def post(self, who: str | None, address: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        answer = self.ask(who, "POST", address, {} if body is None else body, **headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def apply(self, who: str = "tom", **changes: Any) -> str:
        body = asked(**changes).model_dump(mode="json")
        found: str = self.post(who, "/v1/requests", body, 201)["id"]
        return found

    def rows(self, who: str | None, dataset: str = "visits", **headers: str) -> httpx.Response:
        headers = {"CivicLake-Purpose": "urban_governance"} | headers
        return self.get(who, f"/v1/datasets/{dataset}/rows", **headers)


@contextmanager
def open_counter(home: Path, control_url: str, in_force: CompiledPolicy = IN_FORCE) -> Iterator[Counter]:
    """A gateway over a fresh release of the town and an empty control store."""
    catalog().save(publish_rows(home, 1, entries(), ROWS) / CATALOG_FILE)
    put_policy(home, in_force)
    clock = [START]
    given = {"control_url": control_url, **SECRET}
    found = _people(GatewaySettings(home=home, **given), home)  # type: ignore[arg-type]
    with client_over(home, clock=lambda: clock[0], **given) as client:
        yield Counter(client, found, home, clock)


def _people(settings: GatewaySettings, home: Path) -> dict[str, str]:
    identity = open_identity(settings, Workspace(home), clock=lambda: START, tree=lambda: DivisionTree(()))
    identity.store.migrate()
    found = {}
    with identity.store.begin() as session:
        register(session)
        delegations.delegate(
            session, system="board", scope=Scope(), expires=START + timedelta(days=500), now=START, by="test"
        )
        for name, scope in [
            *((name, Scope(admin=name in STEWARDS)) for name in PEOPLE),
            ("board", Scope()),
            ("tom narrowed", Scope(datasets=("visits",))),
            ("sue reading", Scope()),
        ]:
            terms = CredentialTerms(name.split()[0], "", scope, timedelta(days=500))
            issued = keys.issue(session, identity.hasher, terms, now=START, by="test")
            found[name] = issued.text
    identity.close()
    return found
