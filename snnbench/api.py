"""Notebooks and scripts call the suite through this module."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from snnbench.axes import AXES
from snnbench.execute.job import EpochDone
from snnbench.execute.limits import Limits
from snnbench.matrix.measuring import measuring
from snnbench.matrix.plan import Plan, narrow, nothing_selected, plan
from snnbench.matrix.read import load
from snnbench.matrix.seeds import seed_indices
from snnbench.matrix.select import parse
from snnbench.matrix.spec import Matrix
from snnbench.paths import user_path
from snnbench.plugin.host import Host
from snnbench.records import Cell, CellResult
from snnbench.results import leaderboard, load_results
from snnbench.session.run import Options, perform
from snnbench.settings import EngineChoice, Rerun
from snnbench.words import plain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["leaderboard", "load_results", "run"]

log = logging.getLogger("snnbench")

Texts: TypeAlias = str | Sequence[str]
"""One component as a matrix writes it, or several."""


def run(
    matrix: str | Path = "quick",
    *,
    plugins: Iterable[object] = (),
    select: str = "",
    dataset: Texts = (),
    encoder: Texts = (),
    network: Texts = (),
    neuron: Texts = (),
    surrogate: Texts = (),
    seeds: int | str | Sequence[int] | None = None,
    measure: Texts = (),
    out: str | Path | None = None,
    device: str = "auto",
    engine: str = "loop",
    workers: int = 1,
    threads: int = 1,
    timeout: float | None = 7200.0,
    memory_limit: int | None = None,
    maxfail: int | None = None,
    rerun: str = "missing",
    data_root: str | Path | None = None,
    download: bool = True,
    progress: bool = False,
) -> pd.DataFrame:
    """Run a matrix, or what is missing of it, and return its cells.

    Args:
        matrix: Name of a packaged matrix, or the path of a file.
        plugins: As ``-p``: names of modules, ``no:NAME``; or objects: modules, classes of neurons or
            surrogates, specs, and objects with hooks. What is defined in a script or a notebook will do.
        select: As ``-k``: only the cells that this is true of, ``lif and not latency``.
        dataset: Replaces the axis of the matrix: one component as a matrix writes it, or several.
        encoder: Likewise.
        network: Likewise.
        neuron: Likewise.
        surrogate: Likewise.
        seeds: Replaces the seeds: their number, or their indices as ``"0-4"`` or ``[0, 2]``.
        measure: The only measurements: ``"throughput"``, or several. Accuracy is always one.
        out: The run directory; ``results/NAME`` if None.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        engine: What runs the populations over time: ``loop``, ``eager`` or ``compiled`` (docs/engine.md).
        workers: Cells that train at once.
        threads: Threads torch may use within a cell.
        timeout: Seconds after which a cell is killed; None for no limit.
        memory_limit: Bytes above which a cell is killed; None for no limit.
        maxfail: Stop after so many failed cells; None to go on.
        rerun: Which finished cells to run again: ``missing``, ``failed`` or ``all``.
        data_root: Where datasets are; the platform's cache folder if None.
        download: Fetch missing files of datasets.
        progress: Say on stderr how far the run is. The logger ``snnbench`` is told in any case.

    Returns:
        A row a cell, as ``load_results`` reads it.

    Raises:
        UsageError: The matrix, an option or a plugin is wrong.
        NothingSelectedError: There is no cell to run.
        DataError: A dataset is missing or damaged.
        StoreError: The run directory cannot be written or is in use.
    """
    given = (dataset, encoder, network, neuron, surrogate)
    texts = [(one,) if isinstance(one, str) else tuple(one) for one in given]
    content = load(str(matrix)).replaced(
        dict(zip(AXES, texts, strict=True)),
        () if seeds is None else seed_indices(seeds if isinstance(seeds, int | str) else list(seeds)),
    )
    host, observer = Host.load(plugins), Logging(progress)
    for warning in host.warnings:
        observer.note(warning)
    content = measuring(content, (measure,) if isinstance(measure, str) and measure else tuple(measure), host)
    planned = _planned(content, host, select, observer)
    options = Options(
        Path("results", content.name) if out is None else user_path(out),
        device=device,
        engine=EngineChoice.of(engine),
        workers=workers,
        threads=threads,
        limits=Limits(timeout, memory_limit),
        data_root=None if data_root is None else user_path(data_root),
        download=download,
        rerun=Rerun.of(rerun),
        maxfail=maxfail,
    )
    perform(content, planned, host, options, observer)
    return load_results(options.out)


def _planned(content: Matrix, host: Host, select: str, observer: Logging) -> Plan:
    """Return the cells of a matrix that ``select`` is true of.

    Raises:
        NothingSelectedError: There are none.
    """
    whole = plan(content, host)
    for note in whole.notes:
        observer.note(note)
    selection = parse(select) if select else None
    chosen = narrow(whole, selection) if selection else whole
    for term in selection.unknown(whole.words) if selection else ():
        observer.note(f"select: nothing in the matrix is called {term!r}")
    if not chosen.cells:
        raise nothing_selected(whole, select)
    return chosen


class Logging:
    """Observes a run through the standard logger ``snnbench``.

    Args:
        progress: Say on stderr, too, how far the run is.
    """

    def __init__(self, progress: bool = False) -> None:
        self._progress = progress
        self._done = self._pending = 0

    def begin(self, planned: int, pending: int) -> None:
        self._pending = pending
        self._say(logging.INFO, f"{pending} of {planned} cells to run")

    def compiling(self, done: int, total: int) -> None:
        if not done:
            self._say(logging.INFO, f"compiling the loops of {total} combinations")

    def epoch(self, cell: Cell, event: EpochDone | None) -> None:
        if event is not None:
            log.debug("%s: epoch %d, validation %.3f", cell.id, event.epoch, event.accuracy)

    def result(self, result: CellResult) -> None:
        self._done += 1
        text = f"{result.cell.id}: {result.status} {result.reason}".rstrip()
        self._say(logging.INFO, f"{self._done}/{self._pending} {text}")

    def note(self, text: str) -> None:
        self._say(logging.WARNING, text)

    def _say(self, level: int, text: str) -> None:
        text = plain(text)
        log.log(level, "%s", text)
        if self._progress and not log.isEnabledFor(level):
            sys.stderr.write(f"{text}\n")
