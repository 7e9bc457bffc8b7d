"""``snnbench run`` runs a matrix, or what is missing of it, and shows the leaderboard."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from snnbench.cli import app
from snnbench.cli.options import DataRootOption, Prepared, choosing_cells
from snnbench.cli.units import parse_duration, parse_size
from snnbench.paths import user_path
from snnbench.records import CellResult, Status
from snnbench.settings import EngineChoice, Rerun
from snnbench.words import plain

if TYPE_CHECKING:
    from snnbench.execute.limits import Limits


@app.command()
@choosing_cells
def run(
    chosen: Prepared,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", parser=user_path, metavar="DIR", help="The run directory; results/MATRIX by default."
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N.")] = "auto",
    engine: Annotated[
        EngineChoice, typer.Option(help=" ".join(f"{one}: {one.meaning}" for one in EngineChoice))
    ] = EngineChoice.LOOP,
    workers: Annotated[
        int, typer.Option(min=1, help="Cells that train at once; timing is always done alone.")
    ] = 1,
    threads: Annotated[int, typer.Option(min=1, help="Threads torch may use within a cell.")] = 1,
    timeout: Annotated[
        str, typer.Option(metavar="TIME", help="Kill a cell after so long, as 90s, 30m or 1h30m.")
    ] = "2h",
    memory_limit: Annotated[
        str,
        typer.Option(
            metavar="SIZE", help="Kill a cell that uses more, as 8GiB or 50% of what is free; 90% by default."
        ),
    ] = "",
    exitfirst: Annotated[bool, typer.Option("-x", help="Stop at the first failed cell.")] = False,
    maxfail: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop after N failed cells.")
    ] = None,
    rerun: Annotated[Rerun, typer.Option(help="Which finished cells to run again.")] = Rerun.MISSING,
    data_root: DataRootOption = None,
    no_download: Annotated[
        bool, typer.Option("--no-download", help="Missing data is an error: fetch nothing.")
    ] = False,
) -> None:
    """Run a matrix, or what is missing of it, and show the leaderboard."""
    from snnbench.cli.progress import RunProgress
    from snnbench.session.run import Options, perform

    options = Options(
        out=out or Path("results") / chosen.matrix.name,
        device=device,
        engine=engine,
        workers=workers,
        threads=threads,
        limits=_limits(timeout, memory_limit, workers),
        data_root=data_root,
        download=not no_download,
        rerun=rerun,
        maxfail=1 if exitfirst else maxfail,
        command=shlex.join(["snnbench", *sys.argv[1:]]),
    )
    stopping = _heed_signals()
    try:
        with RunProgress() as progress:
            results = perform(chosen.matrix, chosen.plan, chosen.host, options, progress)
        _conclude(options.out, results, len(chosen.plan.cells))
    except (KeyboardInterrupt, OSError):
        if not stopping.is_set():
            raise
        _say_interrupted(options.out)


def _conclude(out: Path, results: list[CellResult], planned: int) -> None:
    """Write the reports, show the leaderboard, and exit with 1 if a cell is not done."""
    from snnbench.cli.leaderboard import print_leaderboard
    from snnbench.results import write_report

    written = write_report(out)
    print_leaderboard(written.board)
    page = next(path for path in written.paths if path.suffix == ".html")
    typer.echo(f"leaderboard: {plain(str(page))}")
    done = sum(result.status is Status.DONE for result in results)
    if done < planned:
        hint = "; --rerun failed runs the failed ones again" if len(results) > done else ""
        sys.stderr.write(f"{planned - done} of {planned} cells are not done{hint}\n")
        raise SystemExit(1)


def _limits(timeout: str, memory_limit: str, workers: int) -> Limits:
    import psutil

    from snnbench.execute.limits import Limits

    free = psutil.virtual_memory().available
    size = parse_size(memory_limit, free) if memory_limit else int(0.9 * free / workers)
    return Limits(parse_duration(timeout), size)


def _heed_signals() -> threading.Event:
    """Let Ctrl-C, SIGTERM and the end of the terminal interrupt the run; what ``nohup`` ignores stays so.

    Returns:
        Set once a signal has come: what cannot be written after it, to a terminal that is gone, is no error.
    """
    stopping = threading.Event()

    def interrupt(number: int, frame: object) -> None:
        stopping.set()
        raise KeyboardInterrupt

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    return stopping


def _say_interrupted(out: Path) -> NoReturn:
    """Say that what is finished is kept, if there is still a terminal, and exit with 130."""
    try:
        sys.stderr.write(f"interrupted: {plain(str(out))} keeps every finished cell; run again to continue\n")
        sys.stderr.flush()
        sys.stdout.flush()
    except OSError:
        os._exit(130)  # the terminal is gone: the interpreter would only complain that it cannot flush
    raise SystemExit(130) from None
