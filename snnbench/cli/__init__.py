"""The command line has a module for each command. Results go to stdout, talk and errors to stderr."""

from __future__ import annotations

import faulthandler
import io
import os
import sys
import threading
import traceback
from contextlib import suppress
from importlib.metadata import version
from typing import Annotated

import typer

from snnbench.errors import SnnbenchError
from snnbench.words import plain

LONGEST_ERROR = 2000
"""Characters of an error's line: a hint may list every component there is."""

app = typer.Typer(
    name="snnbench",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("snnbench"))
        raise typer.Exit


@app.callback()
def every_command(
    _: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    """Measure spiking neural networks: accuracy, throughput, memory and Lyapunov stability."""


def main() -> None:
    """Run the command; say errors in two lines and exit with their code."""
    try:
        _run()
    except SystemExit as end:
        _leave_threads(end.code)
        raise


def _leave_threads(code: str | int | None) -> None:
    """End at once if a thread that a plugin's hook has started would keep the command from ending."""
    others = [one for one in threading.enumerate() if one is not threading.main_thread()]
    if any(not one.daemon for one in others):
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def _run() -> None:
    from snnbench.cli import commands  # noqa: F401  registers the commands

    with suppress(RuntimeError, OSError, ValueError):  # there is no stderr
        faulthandler.enable()  # a plugin whose import crashes is told by the file and line
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without β must not end a command
    try:
        app()
    except SnnbenchError as error:
        fail(error)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        traceback.print_exc()
        fail(SnnbenchError(f"internal error: {error!r}", "please report it with the lines above"))


def fail(error: SnnbenchError) -> None:
    """Print ``error`` and its hint to stderr and exit with its code."""
    sys.stderr.write(f"error: {plain(error.message, LONGEST_ERROR)}\n")
    if error.hint:
        sys.stderr.write(f"hint: {plain(error.hint, LONGEST_ERROR)}\n")
    raise SystemExit(error.exit_code)
