"""Exit codes, and which error means which."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup


class ExitCode(IntEnum):
    """What the exit status of `civiclake` says."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    DATA = 3
    BLOCKED = 4
    ENVIRONMENT = 5


EXIT_HELP = (
    "Exit codes: 0 all went well; 1 unexpected error; 2 wrong usage; 3 a problem in data or contract;"
    " 4 a check blocked it; 5 the installation or environment needs mending (see `civiclake doctor`)."
)


class CommandError(Exception):
    """A command that cannot go on: `code` is the exit status, the text says what is wrong and how to mend it."""

    def __init__(self, code: ExitCode, text: str) -> None:
        super().__init__(text)
        self.code = code


class ReportingGroup(TyperGroup):
    """A command group that turns known errors into one clear message and their exit code.

    It has no options of its own: one given before the command is told where it goes.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As every group; usage error for an option of a command that stands before it."""
        option = args[0].partition("=")[0] if args else ""
        if option.startswith("-") and option not in _options(self, deep=False) and option in _options(self):
            ctx.fail(f"No such option: {option}. It goes after the command: {ctx.command_path} COMMAND {option} …")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; errors that are not known pass through and exit with 1 and a traceback."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            code = code_of(error)
            if code is None:
                raise
            from orchestration.cli.console import print_error

            print_error(str(error))
            raise typer.Exit(code) from None


def _options(command: Any, *, deep: bool = True) -> set[str]:
    """Options of a command; of a group, if `deep`, also those of all commands in it."""
    below = getattr(command, "commands", {}).values() if deep else ()
    own = {name for parameter in command.params for name in parameter.opts}
    return own.union({"--help"}, *(_options(inner) for inner in below))


def code_of(error: Exception) -> ExitCode | None:
    """The exit code of a known error; None for one nobody foresaw.

    Commands joined from other packages name theirs by an attribute `exit_code` of their errors.
    """
    if isinstance(error, CommandError):
        return error.code
    named = getattr(error, "exit_code", None)
    if isinstance(named, int) and not isinstance(error, (SystemExit, typer.Exit)):
        return ExitCode(named)
    for known, code in _known_errors():
        if isinstance(error, known):
            return code
    return None


def _known_errors() -> list[tuple[type[Exception], ExitCode]]:
    from catalog.errors import CatalogError
    from orchestration.lake.extensions import MissingExtensionError
    from orchestration.lake.lock import LakeBusyError
    from orchestration.landing.ledger import LedgerVersionError
    from orchestration.release.errors import PublishBlockedError, ReleaseError
    from orchestration.transform.errors import TransformError

    return [
        (PublishBlockedError, ExitCode.BLOCKED),
        (ReleaseError, ExitCode.DATA),
        (CatalogError, ExitCode.DATA),
        (TransformError, ExitCode.DATA),
        (LakeBusyError, ExitCode.ENVIRONMENT),
        (LedgerVersionError, ExitCode.ENVIRONMENT),
        (MissingExtensionError, ExitCode.ENVIRONMENT),
    ]
