"""Tell which files a report has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from snnbench.files import replace_file
from snnbench.records import RunHeader
from snnbench.report import tables
from snnbench.report.board import Board
from snnbench.report.frame import DataFrame
from snnbench.report.leaderboard import page
from snnbench.report.markdown import markdown


class Format(StrEnum):
    """A file of the report."""

    HTML = "html"
    MARKDOWN = "markdown"
    CSV = "csv"
    PARQUET = "parquet"


NAMES = {
    Format.HTML: "leaderboard.html",
    Format.MARKDOWN: "leaderboard.md",
    Format.CSV: "table.csv",
    Format.PARQUET: "table.parquet",
}


def write(
    title: str,
    board: Board,
    headers: Sequence[RunHeader],
    frame: Callable[[], DataFrame],
    *,
    formats: Iterable[Format],
    out: Path,
) -> list[Path]:
    """Write the files of ``formats`` into ``out``; each is replaced in one step.

    Args:
        title: Name of the run.
        board: The leaderboard.
        headers: Of the runs that the results are from.
        frame: Makes the table of cells, for the formats that are tables.
        formats: Which files.
        out: The directory; created if need be.

    Raises:
        StoreError: A file cannot be written.
    """
    content: dict[Format, Callable[[], bytes]] = {
        Format.HTML: lambda: page(title, board, headers),
        Format.MARKDOWN: lambda: markdown(title, board),
        Format.CSV: lambda: tables.csv(frame()),
        Format.PARQUET: lambda: tables.parquet(frame()),
    }
    paths = []
    for one in formats:
        path = out / NAMES[one]
        replace_file(path, content[one]())
        paths.append(path)
    return paths
