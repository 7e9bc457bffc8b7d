"""The contract is every hook that a plugin may implement. The built-in components use the same ones.

A plugin is a module (or object) named by an entry point of the group ``snnbench``, with functions
of these names marked ``@snnbench.hookimpl``. Each takes the arguments it needs, by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

from snnbench.plugin.specs import (
    DatasetSpec,
    EncoderSpec,
    MeasurementSpec,
    NetworkSpec,
    NeuronSpec,
    SurrogateSpec,
)

if TYPE_CHECKING:
    from snnbench.records import Cell, CellResult

PROJECT = "snnbench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def snnbench_neurons() -> Iterable[NeuronSpec]:  # type: ignore[empty-body]
    """Return the neuron models.

    Example::

        @hookimpl
        def snnbench_neurons():
            return [NeuronSpec(name="leaky", version="1", summary="...", factory="my_pkg.leaky:Leaky")]
    """


@hookspec
def snnbench_surrogates() -> Iterable[SurrogateSpec]:  # type: ignore[empty-body]
    """Return the spike functions with their surrogate derivatives."""


@hookspec
def snnbench_encoders() -> Iterable[EncoderSpec]:  # type: ignore[empty-body]
    """Return the encoders from samples to input over time."""


@hookspec
def snnbench_datasets() -> Iterable[DatasetSpec]:  # type: ignore[empty-body]
    """Return the datasets."""


@hookspec
def snnbench_networks() -> Iterable[NetworkSpec]:  # type: ignore[empty-body]
    """Networks that take any neuron."""


@hookspec
def snnbench_measurements() -> Iterable[MeasurementSpec]:  # type: ignore[empty-body]
    """Return the measurements that add columns. The standard measurements cannot be replaced.

    Example::

        @hookimpl
        def snnbench_measurements():
            energy = Quantity("", "Energy", "Energy of a step.", unit="J", better=Better.LOWER, headline=True)
            return [MeasurementSpec(name="energy", version="1", summary="...", factory="my_pkg:Energy",
                                    quantities=(energy,))]
    """


@hookspec(firstresult=True)
def snnbench_skip(cell: Cell) -> str | None:
    """Return the reason why ``cell`` must not run, or None to let it run."""


@hookspec
def snnbench_cell_finished(result: CellResult) -> None:
    """Observe a finished cell. An exception here is logged and changes nothing."""
