"""The following of withdrawals goes on whatever becomes of a single release, and no file is sent that has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from catalog.workspace import Workspace
from gateway.app import create_app
from gateway.release.opened import open_release
from gateway.services import Services
from gateway.settings import GatewaySettings
from gateway.withdrawal.manual import Order, withdraw
from tests.gateway.fake_release import publish

TODAY = date(2026, 11, 22)
FIRST, SECOND = "T0000013", "T0000008"
ROWS = 30


def test_a_release_that_is_closed_meanwhile_does_not_end_the_following(tmp_path: Path) -> None:
    """A switch closes the release before while the register hides rows in it; the others must lose theirs all the
    same, and whatever is withdrawn later, too."""
    home = tmp_path / "city"
    for number in (1, 2):
        publish(home, number, rows=ROWS)
    asyncio.run(_followed_past_a_closed_release(home))


async def _followed_past_a_closed_release(home: Path) -> None:
    workspace, now = Workspace(home), datetime(2026, 11, 22, 4, tzinfo=UTC)
    app = create_app(GatewaySettings(home=home, withdrawal_poll=0.02), clock=lambda: now)
    async with app.router.lifespan_context(app):
        services: Services = app.state.services
        register, served = services.withdrawals, services.shelf.current
        assert served is not None
        [whole] = [file for file in served.datasets["tickets"].files if file.format == "csv"]
        assert served.file("tickets", whole.name, whole.sha256) is not None
        closed = open_release(workspace, 1, services.engine, services.policies)
        services.engine.detach(closed.database)
        opened = [closed, served]
        await register.stop()
        await register.start(lambda: opened)
        for key in (FIRST, SECOND):
            with services.identity.store.begin() as session:
                withdraw(session, Order("tickets", (key,), "ordered", "Decision 9", TODAY), now=now, by="steward")
        await _until(lambda: (hidden := served.datasets["tickets"].hidden) is not None and hidden.withdrawn.rows == 2)
        assert register.behind, "a release that still shows what is withdrawn is told"
        assert served.file("tickets", whole.name, whole.sha256) is None, "also to who asked before the withdrawal"
        opened.remove(closed)
        await _until(lambda: not register.behind)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)
