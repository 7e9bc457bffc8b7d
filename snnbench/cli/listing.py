"""``snnbench list`` and ``snnbench show`` tell what there is to choose from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import asdict, fields
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated

import typer

from snnbench.cli import app
from snnbench.cli.host import PluginOption, load_host
from snnbench.cli.tables import FormatOption, TableFormat, cell_text, console, show_table
from snnbench.errors import NothingSelectedError, PluginError, UsageError, did_you_mean
from snnbench.plugin.claims import FromParam
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import KINDS, MeasurementSpec, metric_name
from snnbench.quantities import sentences
from snnbench.records import Component, format_value
from snnbench.words import plain

if TYPE_CHECKING:
    from snnbench.plugin.host import Host, Provided

MATRICES = "matrices"
COLUMNS = ("name", "provider", "summary", "parameters")
PLURALS = {f"{kind}s": kind for kind in KINDS}
Row = dict[str, object]


@app.command("list")
def list_(
    kind: Annotated[str, typer.Argument(metavar="[KIND]", help=f"{', '.join(PLURALS)} or {MATRICES}.")] = "",
    pattern: Annotated[str, typer.Argument(metavar="[GLOB]", help="Names to show, such as 'a*'.")] = "*",
    options: PluginOption = None,
    format: FormatOption = TableFormat.TABLE,
) -> None:
    """List the components and matrices, or those of one kind."""
    kinds = [*PLURALS, MATRICES]
    if any(letter in kind for letter in "*?["):
        kind, pattern = "", kind
    if kind and kind not in kinds:
        raise UsageError(f"there is no kind of component {kind!r}", did_you_mean(kind, kinds))
    host = load_host(options)
    rows = {plural: _rows(host, plural, pattern) for plural in ([kind] if kind else kinds)}
    if not any(rows.values()) and pattern != "*":
        known = {str(row["name"]) for plural in rows for row in _rows(host, plural, "*")}
        what = f"none of the {kind or 'components'} is named {pattern!r}"
        raise NothingSelectedError(what, did_you_mean(pattern, known))
    if format is TableFormat.JSON:
        show_table("", (), [row for group in rows.values() for row in group], format)
        return
    tables = [(plural, group) for plural, group in rows.items() if group]
    for i, (plural, group) in enumerate(tables):
        if i:
            typer.echo()
        show_table(plural, [key for key in group[0] if key in COLUMNS], group, format)
    if not tables:
        typer.echo(f"no plugin provides {kind}")


def _rows(host: Host, plural: str, pattern: str) -> list[Row]:
    """Return a row for each component or matrix whose name matches ``pattern``, sorted by name."""
    if plural == MATRICES:
        return sorted(
            (row for row in _matrices() if fnmatchcase(str(row["name"]), pattern)),
            key=lambda row: str(row["name"]),
        )
    found = [one for one in host.all(PLURALS[plural]) if _matches(one, pattern)]
    found.sort(key=lambda one: (one.spec.name, one.reference != one.spec.name, one.reference))
    return [_component_row(one) for one in found]


def _matches(component: Provided, pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in (component.reference, component.spec.name))


def _component_row(component: Provided) -> Row:
    spec = component.spec
    return {
        "kind": spec.kind,
        "name": component.reference,
        "provider": component.distribution,
        "provider_version": component.version,
        "summary": spec.summary,
        "parameters": {name: param.default for name, param in spec.params.items()},
    }


def _matrices() -> Iterator[Row]:
    from snnbench.plugin.sources import BUILTIN

    for file in files("snnbench.matrices").iterdir():
        if file.name.endswith(".toml"):
            summary = tomllib.loads(file.read_text(encoding="utf-8")).get("summary", "")
            yield {
                "kind": "matrix",
                "name": file.name.removesuffix(".toml"),
                "provider": BUILTIN,
                "summary": summary,
            }


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A component: 'lif', or 'dist:lif'.")],
    options: PluginOption = None,
    format: FormatOption = TableFormat.TABLE,
) -> None:
    """Show a component: equation, parameters, source, provider."""
    bare, call, _ = name.partition("(")
    if call:
        raise UsageError(f"show takes the bare name of a component, got {name!r}", f"write: show {bare}")
    host = load_host(options)
    found = [component for kind in KINDS if (component := _find(host, kind, name)) is not None]
    if not found:
        known = {component.reference for kind in KINDS for component in host.all(kind)}
        raise UsageError(f"there is no component {name!r}", did_you_mean(name, known))
    if format is TableFormat.JSON:
        show_table("", (), [_description(component) for component in found], format)
        return
    for i, component in enumerate(found):
        if i:
            typer.echo()
        _print(component)


def _find(host: Host, kind: str, name: str) -> Provided | None:
    """Return the component, or None; two that claim the name, or a broken plugin that has it, are errors."""
    try:
        return host.find(kind, name)
    except PluginError:
        raise
    except UsageError:
        return None


def _claims(spec: Spec) -> Row:
    """Return what a spec says beyond what all specs have; None where it says nothing."""
    common = {field.name for field in fields(Spec)}
    claims: Row = {}
    for field in fields(spec):
        if field.name not in common:
            value = getattr(spec, field.name)
            if isinstance(value, FromParam):
                claim = value.of(spec.params[value.name].default)
                value = f"{cell_text(claim)} (parameter {value.name})"
            value = sorted(value) if isinstance(value, frozenset) else value
            value = [one.name for one in value] if field.name == "surrogates" else value
            value = [one.path for one in value] if field.name == "files" else value
            value = [asdict(one) for one in value] if field.name == "quantities" else value
            value = sentences(value or ()) if field.name == "flags" else value
            claims[field.name] = value if value or isinstance(value, bool) else None
    return claims


def _description(component: Provided) -> Row:
    spec = component.spec
    return {
        "kind": spec.kind,
        "name": component.reference,
        "summary": spec.summary,
        "provider": component.distribution,
        "provider_version": component.version,
        "version": spec.version,
        "equation": spec.equation or None,
        "reference": spec.reference or None,
        **_claims(spec),
        "parameters": {name: {**asdict(param), "range": param.range} for name, param in spec.params.items()},
    }


def _print(component: Provided) -> None:
    from rich.table import Table
    from rich.text import Text

    spec = component.spec
    lines: Row = {
        "provided by": f"{component.distribution} {component.version}",
        "version": spec.version,
        "equation": spec.equation or None,
        "reference": spec.reference or None,
        **{name: value for name, value in _claims(spec).items() if name not in {"quantities", "flags"}},
    }
    if lines.get("graded"):
        del lines["threshold"]
    if "threshold" in lines:
        lines["threshold"] = f"spikes where membrane {lines['threshold']} threshold"
    grid = Table.grid(padding=(0, 2))
    for label, value in lines.items():
        # an equation has one case a line, and each of them is shown whole
        shown = str(value).split("\n") if label == "equation" and value else [value]
        for i, line in enumerate(map(cell_text, shown)):
            grid.add_row(Text("" if i else f"  {label.replace('_', ' ')}"), Text(line))
    screen = console()
    screen.print(Text(plain(f"{spec.kind} {component.reference}: {spec.summary}"), style="bold"))
    screen.print(grid)
    rows = [
        {
            "parameter": name,
            "default": format_value(param.default),
            "range": param.range,
            "unit": param.unit,
            "meaning": param.doc,
        }
        for name, param in spec.params.items()
    ]
    if rows:
        typer.echo()
        show_table("", ["parameter", "default", "range", "unit", "meaning"], rows, TableFormat.TABLE)
    if isinstance(spec, MeasurementSpec):
        _print_quantities(spec)


def _print_quantities(spec: MeasurementSpec) -> None:
    """Print what a measurement gives, and what its warnings mean."""
    typer.echo()
    columns = ["metric", "title", "unit", "better", "meaning"]
    rows = [
        {
            "metric": metric_name(Component(spec.name), one.name),
            "title": one.title,
            "unit": one.unit,
            "better": one.better.value,
            "meaning": one.meaning,
        }
        for one in spec.quantities
    ]
    show_table("", columns, rows, TableFormat.TABLE)
    flags = [{"flag": flag, "meaning": said} for flag, said in sentences(spec.flags or ()).items()]
    if flags:
        typer.echo()
        show_table("", ["flag", "meaning"], flags, TableFormat.TABLE)
