"""``snnbench plugins`` tells what each plugin provides, or what is wrong with it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from snnbench.cli import app
from snnbench.cli.host import PluginOption, imported
from snnbench.cli.tables import FormatOption, TableFormat, show_table

if TYPE_CHECKING:
    from snnbench.plugin.host import Plugin


@app.command()
def plugins(
    every: Annotated[bool, typer.Option("--all", help="Show the built-in plugin too.")] = False,
    options: PluginOption = None,
    format: FormatOption = TableFormat.TABLE,
) -> None:
    """Show the plugins: what each provides, or what is wrong. Each is tried in a process of its own again."""
    from snnbench.plugin.sources import BUILTIN

    found = imported(options, fresh=True).plugins
    shown = [plugin for plugin in found if every or plugin.distribution != BUILTIN]
    if format is TableFormat.TABLE and not shown:
        typer.echo("no plugin is installed beside the built-in components (--all shows those)")
        return
    columns = ["name", "distribution", "version", "status", "provides"]
    if any(plugin.reason for plugin in shown):
        columns.append("reason")
    show_table("", columns, [_row(plugin, format) for plugin in shown], format)


def _row(plugin: Plugin, format: TableFormat) -> dict[str, object]:
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
        "provides": references if format is TableFormat.JSON else words,
        "reason": plugin.reason,
    }
