"""SQL macros rendered outside of a dbt run, so that properties can be tried a thousand times."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, select_autoescape

MACROS = Path(__file__).resolve().parents[2] / "dbt_project" / "macros"
BLOCK = re.compile(r"(?s)\{%-? macro (\w+)\(.*?\{%-? endmacro -?%\}")


class ReturnedError(Exception):
    """How dbt's `return` leaves a macro: with a value instead of its text."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


@cache
def environment() -> Environment:
    """Jinja with every macro of the project as dbt would call it for DuckDB."""
    found = Environment(extensions=["jinja2.ext.do"], autoescape=select_autoescape((), default_for_string=False))
    found.globals.update({"return": _leave, "adapter": SimpleNamespace(dispatch=_dispatched), "execute": False})
    for file in sorted(MACROS.glob("*.sql")):
        for block in BLOCK.finditer(file.read_text(encoding="utf-8")):
            found.globals[block.group(1)] = _callable(found, block.group(0), block.group(1))
    return found


def render(text: str, **values: Any) -> str:
    """The SQL of a Jinja text that calls macros, e.g. `{{ month_of('day') }}`."""
    return environment().from_string(text).render(**values)


def value(name: str, *values: Any) -> Any:
    """What a macro returns that is no text."""
    return environment().globals[name](*values)


def _leave(value: Any) -> None:
    raise ReturnedError(value)


def _dispatched(name: str, _package: str) -> Any:
    globals_ = environment().globals
    return globals_.get(f"duckdb__{name}") or globals_[f"default__{name}"]


def _callable(of: Environment, block: str, name: str) -> Callable[..., Any]:
    """The macro alone in a template: others it calls are found among the globals, by the same way."""

    @cache
    def macro() -> Any:
        return getattr(of.from_string(block).module, name)

    def call(*values: Any, **named: Any) -> Any:
        try:
            return macro()(*values, **named)
        except ReturnedError as returned:
            return returned.value

    return call
