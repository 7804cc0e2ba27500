"""Places: callers take turns, look-ups go first, exports come on, nobody holds everything, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.problems import Busy
from gateway.quota.exports import ExportPlaces
from gateway.quota.places import FairPlaces

ROOT = str(Path(__file__).resolve().parents[3])


class Stage:
    """Holds places until told to let go, and notes the order in which they were got."""

    def __init__(self, places: int) -> None:
        self.places = FairPlaces(places)
        self.got: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.gates: dict[str, asyncio.Event] = {}

    async def ask(self, name: str, *, export: bool = False) -> None:
        """Ask for a place as the caller that the name begins with."""
        self.gates[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._hold(name, export))
        await settle()

    async def release(self, name: str) -> None:
        """Let go of a place, and see who gets it."""
        self.gates[name].set()
        await settle()

    async def _hold(self, name: str, export: bool) -> None:
        async with self.places.place(name[0], 60, export=export):
            self.got.append(name)
            await self.gates[name].wait()

    async def end(self) -> None:
        """Let everything run out."""
        for gate in self.gates.values():
            gate.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_callers_take_turns() -> None:
    async def scene() -> None:
        stage = Stage(1)
        for name in ("a1", "a2", "a3", "a4", "b1", "c1", "b2"):
            await stage.ask(name)
        for name in ("a1", "a2", "b1", "c1", "a3", "b2", "a4"):
            await stage.release(name)
        assert stage.got == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]
        await stage.end()

    asyncio.run(scene())


def test_one_caller_never_holds_every_place() -> None:
    async def scene() -> None:
        stage = Stage(3)
        for number in range(1, 9):
            await stage.ask(f"a{number}")
        assert stage.got == ["a1", "a2"]
        await stage.ask("b1")
        assert stage.got == ["a1", "a2", "b1"]
        await stage.end()
        assert len(stage.got) == 9

    asyncio.run(scene())


def test_exports_leave_a_place_to_lookups() -> None:
    async def scene() -> None:
        stage = Stage(2)
        for name in ("x1", "y1", "z1"):
            await stage.ask(name, export=True)
        assert stage.got == ["x1"]
        await stage.ask("a1")
        await stage.release("a1")
        await stage.ask("b1")
        assert stage.got == ["x1", "a1", "b1"]
        await stage.end()

    asyncio.run(scene())


def test_lookups_go_before_exports_that_wait_but_do_not_stop_them() -> None:
    async def scene() -> None:
        stage = Stage(1)
        await stage.ask("a0")
        await stage.ask("x1", export=True)
        await stage.ask("y1", export=True)
        for number in range(1, 21):
            await stage.ask(f"{'bcde'[number % 4]}{number}")
        while len(stage.got) < 23:
            await stage.release(stage.got[-1])
        assert [place for place, name in enumerate(stage.got) if name[0] in "xy"] == [8, 17]
        await stage.end()

    asyncio.run(scene())


def test_a_full_queue_and_a_long_wait_are_refused() -> None:
    async def scene() -> None:
        stage = Stage(1)
        for number in range(40):
            await stage.ask(f"a{number}")
        refused = [task for task in stage.tasks.values() if task.done()]
        assert len(refused) == 40 - 1 - 16  # half of the queue is all one caller gets
        assert all(isinstance(task.exception(), Busy) for task in refused)
        with pytest.raises(Busy):
            async with stage.places.place("b", 0.01):
                raise AssertionError("nobody let go")
        await stage.end()

    asyncio.run(scene())


def test_places_are_never_lost_or_doubled() -> None:
    async def scene(seed: int) -> None:
        choose = random.Random(seed)
        places, inside, most = FairPlaces(3), 0, 0

        async def work(caller: str, export: bool) -> None:
            nonlocal inside, most
            async with places.place(caller, choose.choice([0.0, 60.0]), export=export):
                inside += 1
                most = max(most, inside)
                try:
                    for _ in range(choose.randrange(4)):
                        await asyncio.sleep(0)
                finally:
                    inside -= 1

        tasks = []
        for _ in range(60):
            tasks.append(asyncio.create_task(work(choose.choice("abc"), choose.random() < 0.3)))
            for _ in range(choose.randrange(3)):
                await asyncio.sleep(0)
            if choose.random() < 0.3:
                choose.choice(tasks).cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(found) for found in outcomes if found is not None} <= {asyncio.CancelledError, Busy}
        assert (inside, 1 <= most <= 3) == (0, True)
        for caller in "xyz":  # every place is there again
            await places.place(caller, 1).__aenter__()

    for seed in range(30):
        asyncio.run(scene(seed))


def test_export_places_are_counted_over_requests_and_processes(tmp_path: Path) -> None:
    places = ExportPlaces(tmp_path / "exports.lock")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from gateway.quota.exports import ExportPlaces\n"
        "with ExportPlaces(Path(sys.argv[2])).hold('a', 3) as held:\n"
        "    print(held, flush=True); sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, ROOT, os.fspath(tmp_path / "exports.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "True\n"
    with places.hold("a", 3) as first, places.hold("a", 3) as second, places.hold("a", 3) as third:
        assert (first, second, third) == (True, True, False)
        with places.hold("b", 1) as own:
            assert own
    other.kill()  # a process that dies gives its place back
    other.communicate()
    with places.hold("a", 3) as first, places.hold("a", 3) as second, places.hold("a", 3) as third:
        assert (first, second, third) == (True, True, True)
    places.close()
