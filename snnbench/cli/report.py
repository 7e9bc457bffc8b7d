"""``snnbench report`` writes the tables and the leaderboard of finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snnbench.cli import app
from snnbench.cli.leaderboard import print_leaderboard
from snnbench.errors import UsageError, did_you_mean
from snnbench.paths import user_path
from snnbench.words import plain

if TYPE_CHECKING:
    from snnbench.report.write import Format


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(parser=user_path, metavar="RUN...", help="Run directories.")],
    formats: Annotated[
        str, typer.Option("--format", metavar="LIST", help="Of html, markdown, csv, parquet; all by default.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", parser=user_path, metavar="DIR", help="Where to write; the run directory by default."
        ),
    ] = None,
) -> None:
    """Write the tables and the leaderboard of finished runs, and show it."""
    chosen = _formats(formats)
    from snnbench.results import write_report

    written = write_report(runs, out, chosen)
    for warning in written.warnings:
        typer.echo(f"warning: {plain(warning)}", err=True)
    print_leaderboard(written.board)
    for path in written.paths:
        typer.echo(f"wrote {plain(str(path))}", err=True)


def _formats(text: str) -> list[Format]:
    from snnbench.report.write import Format

    known = {format.value: format for format in Format}
    names = [name.strip() for name in text.split(",") if name.strip()] or list(known)
    for name in names:
        if name not in known:
            raise UsageError(f"--format: {name!r} is not a format of the report", did_you_mean(name, known))
    return [known[name] for name in dict.fromkeys(names)]
