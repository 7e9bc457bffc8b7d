"""Every command prints its tables here: for people, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from snnbench.records import format_value
from snnbench.words import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPED_WIDTH = 10_000
"""Columns when stdout is no terminal: a row stays on one line, for grep and friends."""


MOST_ITEMS = 4
"""Of a mapping in one cell; JSON has all, and so has ``show``."""

STYLES = {
    **dict.fromkeys(("ok", "done"), "green"),
    **dict.fromkeys(("warn", "blocked", "skipped", "interrupted", "missing"), "yellow"),
    **dict.fromkeys(("fail", "broken", "failed", "oom", "timeout", "diverged", "damaged"), "red"),
}
"""Colours of the words in a column named ``status``."""


class TableFormat(StrEnum):
    """This is printed."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[
    TableFormat, typer.Option("--format", help="A table for people, or JSON for programs.")
]


def console() -> Console:
    """Return a console on stdout: as wide as the terminal, or unwrapped and plain when piped."""
    from rich.console import Console

    on_stdout = Console(highlight=False, markup=False, emoji=False)
    if not on_stdout.is_terminal:
        on_stdout.width = PIPED_WIDTH
    return on_stdout


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Mapping[str, object]], format: TableFormat
) -> None:
    """Print ``rows`` to stdout.

    Args:
        title: Printed above the table; empty for none. JSON leaves it out.
        columns: Keys of the rows to show, in order. JSON has all keys of a row, whatever the columns.
        rows: Values that ``json`` can write; ``cell_text`` says how the table shows them.
        format: Table or JSON.
    """
    if format is TableFormat.JSON:
        typer.echo(json.dumps([dict(row) for row in rows], indent=2))
    else:
        console().print(_table(title, columns, rows))


def _table(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(plain(title)) if title else None,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for column in columns:
        numeric = any(isinstance(row[column], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        texts = [Text(cell_text(row[column])) for column in columns]
        for column, text in zip(columns, texts, strict=True):
            if column == "status":
                text.stylize(STYLES.get(text.plain, ""))
        table.add_row(*texts)
    return table


def cell_text(value: object) -> str:
    """Return one cell for people.

    None is ``–``, a bool is ``yes`` or ``no``, and a mapping is its first items: ``a=1, b=zero``.
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        shown = [plain(f"{key}={format_value(item)}") for key, item in list(value.items())[:MOST_ITEMS]]
        left = len(value) - len(shown)
        return ", ".join([*shown, *([f"… {left} more"] if left else [])])
    if isinstance(value, list | tuple):
        return ", ".join(map(cell_text, value))
    return plain(str(value))
