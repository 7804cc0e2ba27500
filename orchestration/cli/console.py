"""What the commands print: one console for results, one for errors, tables that look alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def print_error(text: str) -> None:
    """An error as plain text (values in it are never read as markup)."""
    err.print(Text("error: ", style="bold red") + Text(text), soft_wrap=True)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: int = 0) -> None:
    """A table; the last `numbers` columns are right-aligned. None prints as nothing, integers with separators."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    for index, column in enumerate(columns):
        # In a narrow terminal texts are folded before numbers and their headings are.
        is_number = index >= len(columns) - numbers
        table.add_column(column, justify="right" if is_number else "left", overflow="fold", no_wrap=is_number)
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    out.print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
