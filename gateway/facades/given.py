"""The parameters of an address, each of which may stand there once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gateway.problems import RepeatedParameter, UnknownParameter


def given_once(parameters: Sequence[tuple[str, str]], allowed: Collection[str]) -> dict[str, str]:
    """The parameters by name. Raises UnknownParameter, RepeatedParameter."""
    given: dict[str, str] = {}
    for name, text in parameters:
        if name not in allowed:
            raise UnknownParameter(f"There is no parameter `{name[:80]}` here.", parameter=name[:80])
        if name in given:
            raise RepeatedParameter(f"`{name}` was given more than once.", parameter=name)
        given[name] = text
    return given
