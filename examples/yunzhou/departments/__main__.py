"""Command line of the department systems: `python -m departments generate | serve | advance | env`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from datetime import date, timedelta
from pathlib import Path

from departments.home import Home, Setup

LAST_DAY = date(2026, 6, 30)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command."""
    parser = argparse.ArgumentParser(prog="python -m departments", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, run, text in (
        ("generate", _generate, "make a city"),
        ("serve", _serve, "serve the hotline until interrupted"),
        ("advance", _advance, "move every system to the end of a day"),
        ("env", _env, "print the environment under which the systems are reached"),
        ("vocabulary", _vocabulary, "write the vocabulary files anew"),
    ):
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=run)
        if name != "vocabulary":
            command.add_argument("--home", type=Path, required=True, help="folder of the systems' state")
        _options(name, command)
    chosen = parser.parse_args(arguments)
    chosen.run(chosen)
    return 0


def _options(name: str, command: argparse.ArgumentParser) -> None:
    if name == "generate":
        command.add_argument("--scale", choices=("small", "medium", "city"), default="small")
        command.add_argument("--seed", type=int, default=7)
        command.add_argument("--days", type=int, help="business days to simulate (default: of the scale)")
        command.add_argument("--until", type=date.fromisoformat, default=LAST_DAY, help="last business day")
        command.add_argument("--at", type=date.fromisoformat, help="day at which the clock stands (default: --until)")
        command.add_argument("--history-days", type=int, help="days the city has lived before the first delivery")
        command.add_argument("--permits-url", help="sqlite:///… or postgresql://… (default: SQLite below --home)")
        command.add_argument("--departments", help="names of the systems to make, with commas (default: all)")
        command.add_argument("--defects", type=Path, help="rates of planted defects (default: defects.yml)")
    if name == "serve":
        command.add_argument("--port", type=int, default=0, help="loopback port (default: a free one)")
        command.add_argument("--throttle-every", type=int, default=97, help="answer every n-th request 429 (0: never)")
        command.add_argument("--fail-every", type=int, default=131, help="answer every n-th request 503 (0: never)")
    if name == "advance":
        command.add_argument("--to", type=date.fromisoformat, required=True)
    if name == "vocabulary":
        command.add_argument("--to", type=Path, help="folder to write into (default: the city's vocabulary)")
        command.add_argument("--calendar", action="store_true", help="calendar.csv too (needs chinesecalendar)")


def _generate(chosen: argparse.Namespace) -> None:
    from departments.defects import RATES, load_defects
    from departments.generate import SYSTEMS, generate
    from departments.scales import SCALES

    scale, home = SCALES[chosen.scale], Home(chosen.home.resolve())
    days = chosen.days or scale.days
    setup = Setup(
        scale=chosen.scale,
        seed=chosen.seed,
        first=chosen.until - timedelta(days=days - 1),
        last=chosen.until,
        history_days=scale.history_days if chosen.history_days is None else chosen.history_days,
        permits_url=chosen.permits_url or f"sqlite:///{home.root}/permits.sqlite",
    )
    rates = load_defects(chosen.defects or RATES)
    systems = chosen.departments.split(",") if chosen.departments else list(SYSTEMS)
    if unknown := [name for name in systems if name not in SYSTEMS]:
        raise SystemExit(f"{', '.join(unknown)}: no such department. There are {', '.join(SYSTEMS)}")
    generate(
        home, setup, rates, systems=systems, at=chosen.at or chosen.until, say=lambda text: print(text, flush=True)
    )
    print(f"{chosen.scale} city, seed {chosen.seed}: {setup.first} to {setup.last} in {home.root}")


def _serve(chosen: argparse.Namespace) -> None:
    from departments.hotline import api

    home = Home(chosen.home.resolve())
    token = api.token_of(home)
    server = api.make_server(home, token, api.Moods(chosen.throttle_every, chosen.fail_every), chosen.port)
    api.write_endpoints(home, _environment(home, f"http://127.0.0.1:{server.server_address[1]}", token))
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"hotline at http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


def _advance(chosen: argparse.Namespace) -> None:
    from departments.clock import advance

    advance(Home(chosen.home.resolve()), chosen.to)


def _env(chosen: argparse.Namespace) -> None:
    import json

    home = Home(chosen.home.resolve())
    stored = json.loads(home.endpoints.read_text(encoding="utf-8")) if home.endpoints.exists() else {}
    for name, value in sorted((_environment(home, None, None) | stored).items()):
        print(f"{name}={value}")


def _environment(home: Home, url: str | None, token: str | None) -> dict[str, str]:
    """The variables the feed contracts name; the hotline's only while it is served."""
    found = {
        "YUNZHOU_GRID_DROP": str(home.drop("grid")),
        "YUNZHOU_COMPONENTS_DROP": str(home.drop("components")),
        "YUNZHOU_CREDIT_DROP": str(home.drop("credit")),
        "YUNZHOU_COMMUNITIES_DROP": str(home.drop("communities")),
        "YUNZHOU_PLACES_DROP": str(home.drop("places")),
        "YUNZHOU_ENFORCEMENT_DROP": str(home.drop("enforcement")),
        "YUNZHOU_PERMITS_URL": home.setup().permits_url,
        "YUNZHOU_PATROL_DROP": str(home.drop("patrol")),
        "YUNZHOU_SENSORS_DROP": str(home.drop("sensors")),
        "YUNZHOU_REGISTER_DROP": str(home.drop("register")),
        "YUNZHOU_POPULATION_DROP": str(home.drop("population")),
    }
    if home.population_key.exists():
        found["YUNZHOU_POPULATION_KEY"] = home.population_key.read_text(encoding="ascii")
    return found | {"YUNZHOU_HOTLINE_URL": url, "YUNZHOU_HOTLINE_TOKEN": token} if url and token else found


def _vocabulary(chosen: argparse.Namespace) -> None:
    from departments.home import CITY_FOLDER
    from departments.vocabulary.write import write_vocabulary

    write_vocabulary(chosen.to or CITY_FOLDER / "vocabulary", with_calendar=chosen.calendar)


if __name__ == "__main__":
    sys.exit(main())
