"""``snnbench run``: run a matrix, or what is missing of it, and show the leaderboard."""

from __future__ import annotations

import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snnbench.cli import app
from snnbench.cli.data import DataRootOption
from snnbench.cli.options import Prepared, choosing_cells
from snnbench.cli.units import parse_duration, parse_size
from snnbench.records import CellResult, Status
from snnbench.settings import EngineChoice, Rerun

if TYPE_CHECKING:
    from snnbench.execute.pool import Limits


@app.command()
@choosing_cells
def run(
    chosen: Prepared,
    *,
    out: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="The run directory; results/MATRIX by default.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N.")] = "auto",
    engine: Annotated[
        EngineChoice, typer.Option(help="Compile the neurons' steps, or not, or only where it pays.")
    ] = EngineChoice.AUTO,
    workers: Annotated[
        int, typer.Option(min=1, help="Cells that train at once; timing is always done alone.")
    ] = 1,
    threads: Annotated[int, typer.Option(min=1, help="Threads torch may use within a cell.")] = 1,
    timeout: Annotated[str, typer.Option(metavar="TIME", help="Kill a cell after so long.")] = "2h",
    memory_limit: Annotated[
        str, typer.Option(metavar="SIZE", help="Kill a cell that uses more; 90 % of what is free by default.")
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
    from snnbench.session import Options, perform

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
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with RunProgress() as progress:
            results = perform(chosen.matrix, chosen.plan, chosen.host, options, progress)
        _conclude(options.out, results, len(chosen.plan.cells))
    except KeyboardInterrupt:
        sys.stderr.write(f"interrupted: {options.out} keeps every finished cell; run again to continue\n")
        raise SystemExit(130) from None


def _conclude(out: Path, results: list[CellResult], planned: int) -> None:
    """Write the reports, show the leaderboard, and exit with 1 if a cell is not done."""
    from snnbench.cli.report import print_leaderboard
    from snnbench.results import write_report

    written = write_report(out)
    print_leaderboard(written.board)
    typer.echo(f"leaderboard: {next(path for path in written.paths if path.suffix == '.html')}")
    done = sum(result.status is Status.DONE for result in results)
    if done < planned:
        hint = "; --rerun failed runs the failed ones again" if len(results) > done else ""
        sys.stderr.write(f"{planned - done} of {planned} cells are not done{hint}\n")
        raise SystemExit(1)


def _limits(timeout: str, memory_limit: str, workers: int) -> Limits:
    import psutil

    from snnbench.execute.pool import Limits

    free = psutil.virtual_memory().available
    size = parse_size(memory_limit) if memory_limit else int(0.9 * free / workers)
    return Limits(parse_duration(timeout), size)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
