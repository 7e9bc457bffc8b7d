"""``snnbench plugins``, and how every command gets its plugins."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from snnbench.cli import app
from snnbench.cli.tables import Format, FormatOption, show_table
from snnbench.words import plain

if TYPE_CHECKING:
    from snnbench.plugin.host import Host, Plugin

PluginOption = Annotated[
    list[str] | None,
    typer.Option("-p", metavar="MODULE|no:NAME", help="Load a module as a plugin, or leave a plugin out."),
]


def load_host(options: list[str] | None, *, strict: bool = False) -> Host:
    """The plugins, with one line on stderr for each broken one."""
    host = _load(options, strict=strict)
    for warning in host.warnings:
        typer.echo(plain(f"warning: {warning}"), err=True)
    return host


def _load(options: list[str] | None, *, strict: bool = False, fresh: bool = False) -> Host:
    """The plugins; a terminal shows which one is being imported, still if that ends or hangs the process."""
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


@app.command()
def plugins(
    every: Annotated[bool, typer.Option("--all", help="Show the built-in plugin too.")] = False,
    options: PluginOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show the plugins: what each provides, or what is wrong. Each is tried in a process of its own again."""
    from snnbench.plugin.sources import BUILTIN

    found = _load(options, fresh=True).plugins
    shown = [plugin for plugin in found if every or plugin.distribution != BUILTIN]
    if format is Format.TABLE and not shown:
        typer.echo("no plugin is installed beside the built-in components (--all shows those)")
        return
    columns = ["name", "distribution", "version", "status", "provides"]
    if any(plugin.reason for plugin in shown):
        columns.append("reason")
    show_table("", columns, [_row(plugin, format) for plugin in shown], format)


def _row(plugin: Plugin, format: Format) -> dict[str, object]:
    references: dict[str, list[str]] = {}
    for component in plugin.components:
        references.setdefault(component.spec.kind, []).append(component.reference)
    counts = Counter(component.spec.kind for component in plugin.components)
    words = [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items()]
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "status": plugin.status,
        "provides": references if format is Format.JSON else words,
        "reason": plugin.reason,
    }
