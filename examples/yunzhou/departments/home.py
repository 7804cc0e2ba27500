"""Where the department systems keep their state, and what they know of it between commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

CITY_FOLDER = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Setup:
    """What a city was generated with; `first` and `last` are the first and last business date."""

    scale: str
    seed: int
    first: date
    last: date
    history_days: int
    permits_url: str

    def days(self) -> Iterator[date]:
        """Every business date."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)


@dataclass(frozen=True)
class Home:
    """Paths below the folder of the department systems."""

    root: Path

    @property
    def hotline(self) -> Path:
        """Change log of the hotline: one Parquet file a table and month."""
        return self.root / "hotline"

    @property
    def answer_key(self) -> Path:
        """Every planted defect with the outcome it must have."""
        return self.root / "answer_key.parquet"

    @property
    def grid_plays(self) -> Path:
        """What is played with grid cases, as the grid centre would never tell."""
        return self.root / "grid_plays.parquet"

    @property
    def endpoints(self) -> Path:
        """Environment under which the running systems are reached."""
        return self.root / "endpoints.json"

    @property
    def permits_log(self) -> Path:
        """Every future change of the permits database."""
        return self.root / "permits_log.sqlite"

    @property
    def population_key(self) -> Path:
        """The key of the police's files, in hexadecimal."""
        return self.root / "population.key"

    def truth(self, name: str) -> Path:
        """What the city knows of itself and no system delivers, to hold results against."""
        return self.root / "truth" / f"{name}.parquet"

    def outbox(self, feed: str) -> Path:
        """Files of a feed that will be delivered, under the day of delivery."""
        return self.root / "outbox" / feed

    def drop(self, feed: str) -> Path:
        """Files of a feed that have been delivered."""
        return self.root / "drop" / feed

    def setup(self) -> Setup:
        """What the city was generated with; SystemExit when it was not generated."""
        try:
            stored = json.loads((self.root / "setup.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SystemExit(
                f"{self.root} holds no city. Run: python -m departments generate --home {self.root}"
            ) from None
        first, last = date.fromisoformat(stored.pop("first")), date.fromisoformat(stored.pop("last"))
        return Setup(first=first, last=last, **stored)

    def save_setup(self, setup: Setup) -> None:
        """Stores what the city was generated with."""
        self._write("setup.json", {**asdict(setup), "first": str(setup.first), "last": str(setup.last)})

    def today(self) -> date | None:
        """The day whose end the systems stand at; None before the first day."""
        file = self.root / "clock.json"
        return date.fromisoformat(json.loads(file.read_text(encoding="utf-8"))["today"]) if file.exists() else None

    def set_today(self, day: date) -> None:
        """Moves the clock."""
        self._write("clock.json", {"today": str(day)})

    def _write(self, name: str, content: dict[str, object]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        scratch = self.root / f".{name}.new"
        scratch.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
        scratch.replace(self.root / name)
