"""``snnbench check`` tells whether the journals of runs are as they were written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from snnbench.cli import app
from snnbench.paths import user_path
from snnbench.words import plain


@app.command()
def check(
    runs: Annotated[list[Path], typer.Argument(parser=user_path, metavar="RUN...", help="Run directories.")],
) -> None:
    """Check that every line of finished runs is as it was written; exit with 1 if one is not."""
    from snnbench.store.journal import check as check_run

    damaged = False
    for run in runs:
        count, faults = check_run(run)
        damaged = damaged or bool(faults)
        for fault in faults:
            typer.echo(plain(fault))
        said = f"{len(faults)} damaged" if faults else "none damaged"
        typer.echo(f"{plain(str(run))}: {count} {'line' if count == 1 else 'lines'}, {said}")
    raise SystemExit(1 if damaged else 0)
