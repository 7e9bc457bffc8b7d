"""Which files a report has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from snnbench.files import replace_file
from snnbench.records import CellResult, RunHeader
from snnbench.report import tables
from snnbench.report.frame import DataFrame
from snnbench.report.leaderboard import page
from snnbench.report.lost import missing
from snnbench.report.view import sections


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
    results: DataFrame,
    board: DataFrame,
    headers: Sequence[RunHeader],
    *,
    cells: Sequence[CellResult] = (),
    formats: Iterable[Format],
    out: Path,
) -> list[Path]:
    """Write the files of ``formats`` into ``out``; each is replaced in one step.

    Args:
        title: Name of the run.
        results: A row a cell.
        board: ``leaderboard(results)``.
        headers: Of the runs that the results are from.
        cells: The results once more, with their series.
        formats: Which files.
        out: The directory; created if need be.

    Raises:
        StoreError: A file cannot be written.
    """
    content: dict[Format, Callable[[], bytes]] = {
        Format.HTML: lambda: page(title, results, board, headers, cells),
        Format.MARKDOWN: lambda: tables.markdown(title, sections(board), missing(results)),
        Format.CSV: lambda: tables.csv(results),
        Format.PARQUET: lambda: tables.parquet(results),
    }
    paths = []
    for one in formats:
        path = out / NAMES[one]
        replace_file(path, content[one]())
        paths.append(path)
    return paths
