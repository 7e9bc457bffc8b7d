"""The terminal shows what it has room for of the leaderboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from snnbench.cli.tables import console
from snnbench.settings import NO_LOOP
from snnbench.words import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from snnbench.report.board import Board
    from snnbench.report.view import Section, ShownRow

COLUMNS = {
    "accuracy.test": "accuracy %",
    "throughput.training": "train /s",
    "throughput.inference": "infer /s",
    "throughput.training_ratio": "train/ref",
    "throughput.inference_ratio": "infer/ref",
    "throughput.training_floor": "train/floor",
    "memory.training_peak": "memory",
    "stability.lambda_grad": "λ grad",
}
"""The columns that fit into a terminal of 100 characters, with their headings; the page has all."""

SHORT = 160
"""Characters of the reason for a missing number; the page has all of it."""

NARROW = ("accuracy.test", "throughput.training", "throughput.training_ratio", "stability.lambda_grad")
"""The columns that fit into a narrower terminal."""


def print_leaderboard(board: Board) -> None:
    """Print the leaderboard to stdout, compactly: a table for each dataset and budget.

    Args:
        board: What ``results.write_report`` showed.
    """
    from snnbench.report.view import sections

    screen = console()
    if not board.contests:
        screen.print("no cell has been measured")
        return
    for section in sections(board):
        screen.print(plain(section.title), style="bold")
        screen.print(plain(_setting(section)), style="dim")
        known = NARROW if screen.width < 100 else COLUMNS
        screen.print(_table(section, [metric for metric in known if metric in section.metrics]))
        screen.print()
    for line in _unmeasured(board):
        screen.print(line, style="dim")
    _legend(screen)


def _unmeasured(board: Board) -> list[str]:
    """Return a line for each reason why rows lack a number that would be shown, or ran eagerly."""
    found: dict[str, list[str]] = {}
    for metric, title in COLUMNS.items():
        absent = [row.estimates[metric] for row in board.rows if metric in row.estimates]
        reasons = [reason for one in absent if one.missing for reason in one.reasons]
        for reason in dict.fromkeys(reasons):  # a cell that was lost has none
            found.setdefault(reason, []).append(title)
    lines = [f"not measured: {', '.join(titles)}: {plain(reason, SHORT)}" for reason, titles in found.items()]
    for label in (NO_LOOP, "fallback"):
        reasons = [reason for row in board.rows for reason in row.labels.get(label, ())]
        lines += [f"{label}: {plain(reason, SHORT)}" for reason in dict.fromkeys(reasons)]
    return lines


def _setting(section: Section) -> str:
    """Return what all rows have in common; where they ran, and their claims, are on the page."""
    fixed = dict(section.fixed)
    common = [
        fixed[name]
        for name in ("encoder", "network", "surrogate", "device", "engine", "budget")
        if name in fixed
    ]
    noted = [f"{name} {fixed[name]}" for name in ("steps", "all rows", "engines") if name in fixed]
    return " · ".join([*common, *noted])


def _table(section: Section, shown: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold"
    )
    table.add_column("#", no_wrap=True)
    for axis in section.axes:
        table.add_column(axis, overflow="fold", min_width=len(axis))
    for metric in shown:
        table.add_column(COLUMNS[metric], justify="right", no_wrap=True)
    table.add_column("seeds", justify="right", no_wrap=True)
    if any(row.marks for row in section.rows):
        table.add_column("notes", overflow="fold")
    for row in section.rows:
        table.add_row(*_texts(section, row, shown), style="bold" if row.standing == "best" else "")
    return table


def _texts(section: Section, row: ShownRow, shown: Sequence[str]) -> list[str]:
    """Return one row; only the accuracy has room for its interval."""
    numbers = dict(zip(section.metrics, row.numbers, strict=True))
    texts = [
        f"{row.rank or '–'} {row.sign}".strip(),
        *row.names.values(),
        *(numbers[metric].line if metric == "accuracy.test" else numbers[metric].text for metric in shown),
        row.count,
        *([", ".join(mark.text for mark in row.marks)] if any(other.marks for other in section.rows) else []),
    ]
    return [plain(text) for text in texts]


def _legend(screen: Console) -> None:
    for line in (
        "Means over seeds with 95 % interval. ≈ this row is not told from the best (5 % a board);",
        "? it could not be tested, or its seeds differ too much; the others are worse.",
    ):
        screen.print(line, style="dim")
