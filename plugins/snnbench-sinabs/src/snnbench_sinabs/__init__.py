"""The components of sinabs 3.1.3 for snnbench. Listing them imports neither torch nor sinabs."""

from __future__ import annotations

from collections.abc import Iterable

from snnbench import Cell, EncoderSpec, NeuronSpec, SurrogateSpec, hookimpl
from snnbench.components.neurons import SPECS as BUILTIN_NEURONS
from snnbench.components.surrogates import SPECS as BUILTIN_SURROGATES
from snnbench_sinabs.encoder_specs import ENCODERS
from snnbench_sinabs.neuron_specs import NEURONS
from snnbench_sinabs.surrogate_specs import SURROGATES

_QUALIFIED = {f"snnbench-sinabs:{spec.name}" for spec in NEURONS if spec.spike != "none"}
_PLAIN = {spec.name for spec in NEURONS if spec.spike != "none"} - {spec.name for spec in BUILTIN_NEURONS}
_GRADED = {spec.name for spec in BUILTIN_SURROGATES if spec.graded}


@hookimpl
def snnbench_neurons() -> Iterable[NeuronSpec]:
    """The neurons of ``sinabs.layers``."""
    return NEURONS


@hookimpl
def snnbench_surrogates() -> Iterable[SurrogateSpec]:
    """The surrogate gradients of ``sinabs.activation``."""
    return SURROGATES


@hookimpl
def snnbench_encoders() -> Iterable[EncoderSpec]:
    """The encoders of ``sinabs.layers``."""
    return ENCODERS


@hookimpl
def snnbench_skip(cell: Cell) -> str | None:
    """Refuse a neuron of sinabs with a graded surrogate: it spikes by its own rule."""
    ours = cell.neuron.name in _QUALIFIED | _PLAIN  # a plain name may be a built-in neuron's
    if ours and cell.surrogate is not None and cell.surrogate.name in _GRADED:
        return "sinabs makes its spikes itself, and they are not graded"
    return None
