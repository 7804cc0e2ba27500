"""Sets of options: a parameter of a command whose type is a dataclass of options stands for all of its fields."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

import typer

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


class CommandGroup(typer.Typer):
    """A group whose commands may take sets of options; on the command line they are options like any other."""

    def command(self, *args: Any, **kwargs: Any) -> Callable[[CommandT], CommandT]:
        """Register a command. It is returned as it was written."""
        register = super().command(*args, **kwargs)

        def registered(command: CommandT) -> CommandT:
            register(_spread(command))
            return command

        return registered


def _spread(command: Callable[..., Any]) -> Callable[..., None]:
    """The command with the options themselves as parameters, in the place of each set."""
    hints = get_type_hints(command, include_extras=True)
    sets = {name: hint for name, hint in hints.items() if is_dataclass(hint) and isinstance(hint, type)}

    def run(**given: Any) -> None:
        for name, kind in sets.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        command(**given)

    parameters = list(_parameters(command, hints, sets))
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    vars(run)["__signature__"] = inspect.Signature(parameters)
    return run


def _parameters(
    command: Callable[..., Any], hints: dict[str, Any], sets: dict[str, type]
) -> Iterator[inspect.Parameter]:
    for name, parameter in inspect.signature(command).parameters.items():
        if name not in sets:
            yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])
            continue
        options = get_type_hints(sets[name], include_extras=True)
        for option, said in inspect.signature(sets[name]).parameters.items():
            yield said.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=options[option])
