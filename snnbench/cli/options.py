"""Several commands share these options, above all those that choose the cells of a matrix."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from snnbench.axes import AXES, Axis
from snnbench.cli.host import PluginOption, load_host
from snnbench.paths import user_path
from snnbench.words import plain

if TYPE_CHECKING:
    from snnbench.matrix.plan import Plan
    from snnbench.matrix.spec import Matrix
    from snnbench.plugin.host import Host


DataRootOption = Annotated[
    Path | None,
    typer.Option(
        parser=user_path,
        metavar="DIR",
        help="Where datasets are; a folder of the platform's cache by default.",
    ),
]


class Prepared(NamedTuple):
    """This says what the options come to: at least one cell."""

    matrix: Matrix
    host: Host
    plan: Plan


def _axis(axis: Axis, example: str = "") -> typer.models.OptionInfo:
    """Return the option that replaces the components on ``axis``."""
    option: typer.models.OptionInfo = typer.Option(
        f"--{axis}", metavar="NAME", help=f"Replaces the {axis.plural}{example}; repeatable. {axis.meaning}"
    )
    return option


def prepare(
    *,
    matrix: Annotated[
        str, typer.Argument(metavar="MATRIX", help="A packaged matrix ('snnbench list matrices') or a file.")
    ] = "quick",
    expression: Annotated[
        str | None,
        typer.Option("-k", metavar="EXPR", help="Only these: 'lif and not latency', 'beta=0.9', 's0'."),
    ] = None,
    neuron: Annotated[list[str] | None, _axis(Axis.NEURON, ", as 'lif(beta=[0.9,0.95])'")] = None,
    surrogate: Annotated[list[str] | None, _axis(Axis.SURROGATE)] = None,
    encoder: Annotated[list[str] | None, _axis(Axis.ENCODER)] = None,
    dataset: Annotated[list[str] | None, _axis(Axis.DATASET)] = None,
    network: Annotated[list[str] | None, _axis(Axis.NETWORK)] = None,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="SEEDS", help="Replaces the seeds: '0-4', '0,2,5'; '3' is seed 3 alone."),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Measures these only: 'accuracy,throughput'; repeatable. One with parameters stands alone.",
        ),
    ] = None,
    plugins: PluginOption = None,
    strict: Annotated[bool, typer.Option("--strict-plugins", help="Any broken plugin is an error.")] = False,
) -> Prepared:
    """Load the matrix and the plugins, and plan.

    Raises:
        UsageError: Something in the matrix or the options is wrong.
        PluginError: A needed plugin is broken.
        NothingSelectedError: There is no cell to run.
    """
    from snnbench.matrix import select
    from snnbench.matrix.measuring import measuring
    from snnbench.matrix.plan import narrow, nothing_selected, plan
    from snnbench.matrix.read import load
    from snnbench.matrix.seeds import seed_indices

    selection = None if expression is None else select.parse(expression)
    axes = zip(AXES, (dataset, encoder, network, neuron, surrogate), strict=True)
    content = load(matrix).replaced(
        {axis: tuple(texts or ()) for axis, texts in axes},
        () if seeds is None else seed_indices(seeds),
    )
    host = load_host(plugins, strict=strict)
    named = [name for text in measure or () for name in ([text] if "(" in text else text.split(","))]
    content = measuring(content, [name.strip() for name in named], host)
    whole = plan(content, host)
    chosen = narrow(whole, selection) if selection else whole
    if not chosen.cells:
        raise nothing_selected(whole, expression or "")
    for note in whole.notes:
        typer.echo(plain(f"note: {note}"), err=True)
    for term in selection.unknown(whole.words) if selection else ():
        typer.echo(plain(f"warning: -k: nothing in the matrix is called {term!r}"), err=True)
    return Prepared(content, host, chosen)


def choosing_cells(command: Callable[..., None]) -> Callable[..., None]:
    """Give ``command`` the options of ``prepare``; its first argument is what they come to."""
    shared = signature(prepare, eval_str=True).parameters
    _, *own = signature(command, eval_str=True).parameters.values()

    @wraps(command)
    def wrapped(**values: object) -> None:
        chosen = prepare(**{name: values.pop(name) for name in shared})  # type: ignore[arg-type]
        command(chosen, **values)

    parameters = [*shared.values(), *(one.replace(kind=Parameter.KEYWORD_ONLY) for one in own)]
    wrapped.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {one.name: one.annotation for one in parameters}
    return wrapped
