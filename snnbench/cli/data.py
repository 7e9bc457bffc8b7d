"""``snnbench data`` lists the datasets, tells what is here of them, and fetches them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, cast

import typer

from snnbench.cli import app
from snnbench.cli.host import PluginOption, load_host
from snnbench.cli.options import DataRootOption
from snnbench.cli.tables import FormatOption, TableFormat, show_table
from snnbench.errors import UsageError
from snnbench.words import plain

if TYPE_CHECKING:
    from snnbench.plugin.host import Host, Provided
    from snnbench.plugin.specs import DatasetSpec

data = typer.Typer(
    name="data", help="List datasets, tell what is here of them, and download them.", no_args_is_help=True
)
app.add_typer(data)

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Datasets; all if none.")
]


@data.command("list")
def list_(options: PluginOption = None, format: FormatOption = TableFormat.TABLE) -> None:
    """List the datasets."""
    rows = [_row(provided) for provided in _chosen(load_host(options), None)]
    show_table("", ["name", "data", "samples", "downloads", "summary"], rows, format)


@data.command()
def status(
    names: NamesArgument = None,
    data_root: DataRootOption = None,
    options: PluginOption = None,
    format: FormatOption = TableFormat.TABLE,
) -> None:
    """Tell what is here of each dataset: all of it is read and its checksums compared."""
    from snnbench.data import files

    rows = [
        {"name": provided.reference, **asdict(files.state(_spec(provided), data_root))}
        for provided in _chosen(load_host(options), names)
    ]
    show_table("", ["name", "status", "detail", "content"], rows, format)


@data.command()
def download(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Datasets.")],
    data_root: DataRootOption = None,
    options: PluginOption = None,
) -> None:
    """Download datasets; what is here and whole is left as it is."""
    from snnbench.data import fetch, files

    root = files.data_root(data_root)
    for provided in _chosen(load_host(options), names):
        spec = _spec(provided)
        if not spec.files:
            typer.echo(f"{spec.name} needs no files")
            continue
        fetch.fetch(spec, root, lambda text: typer.echo(plain(text), err=True))
        fetch.verify(spec, "", root)
        typer.echo(f"{spec.name} is in {plain(str(root))}")


def _chosen(host: Host, names: list[str] | None) -> list[Provided]:
    """Return the datasets called ``names``, or all."""
    if names is None:
        return sorted(host.all("dataset"), key=lambda provided: provided.reference)
    if any("(" in name for name in names):
        raise UsageError("give a dataset's name without parameters", "its files are the same for all")
    return [host.find("dataset", name) for name in names]


def _spec(provided: Provided) -> DatasetSpec:
    return cast("DatasetSpec", provided.spec)


def _row(provided: Provided) -> dict[str, object]:
    spec = _spec(provided)
    return {
        "name": provided.reference,
        "data": spec.data,
        "samples": spec.samples or None,
        "downloads": len(spec.files) or None,
        "summary": spec.summary,
        "provider": provided.distribution,
        "reference": spec.reference,
        "files": [asdict(file) for file in spec.files],
    }
