"""Finished runs: read their directories, and write their reports."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from snnbench.components import measurements
from snnbench.errors import UsageError
from snnbench.paths import user_path
from snnbench.quantities import Quantity, by_name, sentences
from snnbench.records import CellResult, RunHeader
from snnbench.report import write as files
from snnbench.report.board import Board, make_board
from snnbench.report.cells import measured_cells
from snnbench.report.frame import DataFrame, board_frame, to_frame
from snnbench.report.imported import cells_of
from snnbench.report.write import Format
from snnbench.store import journal

__all__ = ["Format", "Report", "leaderboard", "load_results", "read_runs", "write_report"]

log = logging.getLogger("snnbench")


def load_results(path: str | Path | Iterable[str | Path]) -> DataFrame:
    """Return the cells of one run, or of several, a row each; see ``report.frame.to_frame`` for the columns.

    A cell that was run again, in the same place, counts once: its latest result. Lines of a journal that
    were damaged are left out, and the logger ``snnbench`` says which.

    Args:
        path: A run directory, or several.

    Raises:
        StoreError: A directory is not a run, or was written under another protocol or by a newer snnbench.
    """
    paths = [path] if isinstance(path, str | Path) else list(path)
    headers, results, warnings = read_runs([user_path(one) for one in paths])
    for warning in warnings:
        log.warning(warning)
    return to_frame(results, _quantities(headers))


def leaderboard(results: DataFrame) -> DataFrame:
    """Means over seeds: a row a combination, device, engine and environment.

    Each headline metric ``m`` has the columns ``m`` (the mean), ``m.low`` and ``m.high`` (its 95 %
    interval, null where there is none), ``m.n`` (of how many of the row's ``seeds`` it is the
    mean), ``m.flags``, and ``m.reason`` (why a seed has no number). ``status.done``,
    ``status.failed``, ... count seeds, ``label.*`` are the row's claims, and ``marks`` says, joined
    by ``; ``, what a reader must know before believing the row.

    A ratio of one seed keeps that seed's own interval.

    ``rank`` orders the rows of one ``contest``, which is one dataset, protocol and budget, by what
    ``ranked_by`` names: mean test accuracy. Each of them is compared with the first, accounting for its
    having been picked (``accuracy.test.p``, see ``comparison.against_best``), and
    ``accuracy.test.standing`` is one of ``ranking.Standing``: ``best`` (all that share rank 1), ``worse``
    (p < 0.05), ``tied`` (not told apart, which is no proof of equality), ``unclear`` (not told apart, below
    a row that is worse) or ``untested`` (fewer than two seeds on either side). Rows of a budget without
    epochs are ranked by training speed instead, those of one network and reference neuron, and none but
    the first has a standing.

    ``rank``, ``contest`` and the counts are whole numbers (``rank`` is null in a row that has no number to be
    ranked by), means and ends of intervals ``float64``, all else text.

    Args:
        results: A row a cell, as ``load_results`` returns it: also several such frames put together by
            ``pd.concat``, with columns added, or read back from ``table.csv``.

    Raises:
        UsageError: ``results`` is no table of results.
    """
    return board_frame(make_board(cells_of(results, _quantities([]), _flags([]))))


def read_runs(directories: Sequence[Path]) -> tuple[list[RunHeader], list[CellResult], list[str]]:
    """Headers, the latest results of all cells, and warnings for people.

    Raises:
        StoreError: A directory is not a run, or was written under another protocol or by a newer snnbench.
    """
    runs = [journal.read(directory) for directory in directories]
    results = journal.latest(result for _, found, _ in runs for result in found)
    return [header for header, _, _ in runs], results, [text for _, _, texts in runs for text in texts]


def _quantities(headers: Iterable[RunHeader]) -> dict[str, Quantity]:
    """Return what the measurements of the runs, and the standard ones, say of their numbers."""
    told = {name: one for header in headers for name, one in header.quantities.items()}
    return {**by_name(measurements.QUANTITIES), **told}


def _flags(headers: Iterable[RunHeader]) -> dict[str, str]:
    """Return what the measurements of the runs, and the standard ones, say of their warnings."""
    told = {flag: sentence for header in headers for flag, sentence in header.flags.items()}
    return {**sentences(measurements.FLAGS), **told}


@dataclass(frozen=True, eq=False)
class Report:
    """This says what ``write_report`` did.

    Attributes:
        board: The leaderboard; ``report.frame.board_frame`` makes a DataFrame of it.
        paths: The files.
        warnings: What was wrong with a journal, for people.
    """

    board: Board
    paths: list[Path]
    warnings: list[str]


def write_report(
    runs: Path | Sequence[Path], out: Path | None = None, formats: Iterable[Format] = tuple(Format)
) -> Report:
    """Write the tables and the leaderboard of one run, or of several.

    Args:
        runs: The run directories.
        out: Where to; into the run directory if None and there is one run.
        formats: Which files.

    Raises:
        StoreError: A directory cannot be read or written.
        UsageError: Several runs, and nowhere to write to.
    """
    directories = [runs] if isinstance(runs, Path) else list(runs)
    if out is None and len(directories) != 1:
        raise UsageError("a report of several runs has no directory of its own", "name one with -o DIR")
    headers, results, warnings = read_runs(directories)
    quantities = _quantities(headers)
    board = make_board(measured_cells(results, quantities, _flags(headers)))
    title = " + ".join(dict.fromkeys(directory.resolve().name for directory in directories))
    paths = files.write(
        title,
        board,
        headers,
        cache(lambda: to_frame(results, quantities)),
        formats=formats,
        out=out or directories[0],
    )
    return Report(board, paths, warnings)
