"""Every command gets its plugins here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from snnbench.words import plain

if TYPE_CHECKING:
    from snnbench.plugin.host import Host

PluginOption = Annotated[
    list[str] | None,
    typer.Option("-p", metavar="MODULE|no:NAME", help="Load a module as a plugin, or leave a plugin out."),
]


def load_host(options: list[str] | None, *, strict: bool = False) -> Host:
    """Return the plugins, after one line on stderr for each broken one."""
    host = imported(options, strict=strict)
    for warning in host.warnings:
        typer.echo(plain(f"warning: {warning}"), err=True)
    return host


def imported(options: list[str] | None, *, strict: bool = False, fresh: bool = False) -> Host:
    """Return the plugins; a terminal names the one being imported, even if that ends or hangs the process."""
    from snnbench.plugin.host import Host

    if sys.stderr is None or not sys.stderr.isatty():
        return Host.load(options or (), strict=strict, fresh=fresh)
    wipe = "\r\x1b[K"

    def tell(plugin: str) -> None:
        typer.echo(f"{wipe}loading {plugin} ", err=True, nl=False)

    try:
        return Host.load(options or (), strict=strict, fresh=fresh, tell=tell)
    finally:
        typer.echo(wipe, err=True, nl=False)
