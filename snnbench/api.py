"""The suite from Python: what notebooks and scripts call."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from snnbench.execute.job import EpochDone
from snnbench.matrix import spec as matrix_spec
from snnbench.matrix.plan import nothing_selected, plan
from snnbench.paths import user_path
from snnbench.plugin.host import Host
from snnbench.records import Cell, CellResult
from snnbench.results import leaderboard, load_results
from snnbench.session import Options, perform
from snnbench.settings import EngineChoice

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["leaderboard", "load_results", "run"]

log = logging.getLogger("snnbench")


def run(
    matrix: str | Path = "quick",
    *,
    out: str | Path | None = None,
    device: str = "auto",
    engine: str = "auto",
    workers: int = 1,
) -> pd.DataFrame:
    """Run a matrix, or what is missing of it, and return its cells.

    Args:
        matrix: Name of a packaged matrix, or the path of a file.
        out: The run directory; ``results/NAME`` if None.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        engine: What runs the populations over time: ``auto``, ``eager`` or ``compiled``.
        workers: Cells that train at once.

    Returns:
        A row a cell, as ``load_results`` reads it.

    Raises:
        UsageError: The matrix, the device or the engine is wrong.
        StoreError: The run directory cannot be written or is in use.
    """
    host = Host.load()
    for warning in host.warnings:
        log.warning(warning)
    content = matrix_spec.load(str(matrix))
    planned = plan(content, host)
    for note in planned.notes:
        log.warning(note)
    if not planned.cells:
        raise nothing_selected(planned, "")
    directory = Path("results", content.name) if out is None else user_path(out)
    options = Options(directory, device=device, engine=EngineChoice.of(engine), workers=workers)
    perform(content, planned, host, options, Logging())
    return load_results(directory)


class Logging:
    """Observes a run through the standard logger ``snnbench``."""

    def begin(self, planned: int, pending: int) -> None:
        log.info("%d of %d cells to run", pending, planned)

    def epoch(self, cell: Cell, event: EpochDone | None) -> None:
        if event is not None:
            log.debug("%s: epoch %d, validation %.3f", cell.id, event.epoch, event.accuracy)

    def result(self, result: CellResult) -> None:
        log.info("%s: %s %s", result.cell.id, result.status, result.reason)

    def note(self, text: str) -> None:
        log.warning(text)
