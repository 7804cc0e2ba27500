"""`civiclake subscriptions` as a steward types it, beside a gateway that does the sending."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner, Result

from orchestration.cli.main import app
from tests.gateway.commands import CITY
from tests.gateway.conftest import wait_for
from tests.gateway.notices.conftest import LIMITS, City
from tests.gateway.policy.city import NOW

Command = Callable[..., Result]


@pytest.fixture
def command(city: City) -> Command:
    """Runs the words of a command over the city; it must end with the exit status `status`, 0 unless given."""
    env = {
        "COLUMNS": "250",
        "CIVICLAKE_HOME": str(city.home),
        "CIVICLAKE_CITY": str(CITY),
        "CIVICLAKE_GATEWAY_WEBHOOK_NETWORKS": '["127.0.0.0/8"]',
    }

    def run(*words: str, status: int = 0) -> Result:
        done = CliRunner(env=env).invoke(app, ["subscriptions", *words])
        assert done.exit_code == status, done.output
        return done

    return run


def test_a_subscription_from_its_making_to_its_end(city: City, command: Command) -> None:
    made = command(
        "add", city.receiver.address, "--for", "developer", "--type", "withdrawal", "--dataset", "open_cases"
    )
    name = made.stdout.strip()
    assert f"Events for developer go to {city.receiver.address}" in made.stderr
    listed = command("list").stdout
    assert all(word in listed for word in (name, "developer", "withdrawal", "open_cases"))
    assert name not in command("list", "--for", "bureau").stdout

    city.withdraw("open_cases", 13)
    event = city.receiver.next().event
    city.until("developer", name, state="delivered")
    told = command("deliveries", name).stdout
    assert all(word in told for word in (event["id"], "withdrawal", "open_cases", "delivered", "204"))

    assert "0 events" in command("replay", name, "--since", "2026-11-22T17:01").stderr  # a minute later, in the city
    again = command("replay", name, "--since", f"{NOW - timedelta(days=1):%Y-%m-%d}")
    assert "1 events wait to be sent" in again.stderr
    city.now = datetime.now(UTC) + timedelta(hours=1)  # commands go by the clock of the machine
    assert city.receiver.next().event["id"] == event["id"]
    assert city.until("developer", name, state="delivered")["replays"] == 1

    assert "Nothing more is sent" in command("remove", name).stderr
    assert name not in command("list").stdout
    assert name in command("list", "--ended").stdout
    assert "no longer in force" in command("replay", name, "--since", "2026-01-01", status=2).stderr
    assert city.ask("developer", "GET", "/v1/subscriptions").json() == {"subscriptions": []}


def test_what_is_sent_is_what_the_caller_may_know(city: City, command: Command) -> None:
    """A steward's hand gives a subscription, and no right."""
    name = command("add", city.receiver.address, "--for", "developer", "--dataset", "sealed").stdout.strip()
    city.subscribe("developer", datasets=["open_cases"])
    city.withdraw("sealed", 13)
    city.withdraw("open_cases", 13)
    assert city.receiver.next().event["subject"] == "open_cases"
    assert "1 events wait to be sent" in command("replay", name, "--since", "2026-01-01").stderr
    city.now = datetime.now(UTC) + timedelta(hours=1)
    wait_for(lambda: "withheld" in command("deliveries", name).stdout)
    assert city.receiver.idle


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "https://10.1.2.3/", "--for", "developer"), "webhooks may not go to"),
        (("add", "{to}", "--for", "nobody"), "nobody"),
        (("add", "{to}", "--for", "developer", "--type", "lunch"), "there are release.published"),
        (("add", "{to}", "--for", "developer", "--dataset", "nothing"), "there are"),
        (("add", "{to}", "--for", "developer", "--purpose", "fun"), "there are"),
        (("deliveries", "sub-none"), "civiclake subscriptions list"),
        (("replay", "sub-none", "--since", "soon"), "write 2026-01-31"),
    ],
)
def test_errors_say_what_to_mend(city: City, command: Command, words: tuple[str, ...], said: str) -> None:
    filled = [word.format(to=city.receiver.address) for word in words]
    assert said in command(*filled, status=2).stderr


def test_a_caller_has_so_many_subscriptions_whoever_makes_them(city: City, command: Command) -> None:
    for _ in range(LIMITS.subscriptions_per_caller):
        city.subscribe("developer")
    refused = command("add", city.receiver.address, "--for", "developer", status=2)
    assert f"there are {LIMITS.subscriptions_per_caller} subscriptions already" in refused.stderr
