"""The components of sinabs 3.1.3 for snnbench. Listing them imports neither torch nor sinabs."""

from __future__ import annotations

from typing import Final

from snnbench import Cell, GivenSpecs, hookimpl
from snnbench.components.neurons import SPECS as BUILTIN_NEURONS
from snnbench.components.surrogates import SPECS as BUILTIN_SURROGATES
from snnbench_sinabs.encoder_specs import ENCODERS
from snnbench_sinabs.neuron_specs import NEURONS
from snnbench_sinabs.surrogate_specs import SURROGATES

_QUALIFIED = {f"snnbench-sinabs:{spec.name}" for spec in NEURONS if spec.spike != "none"}
_PLAIN = {spec.name for spec in NEURONS if spec.spike != "none"} - {spec.name for spec in BUILTIN_NEURONS}
_GRADED = {spec.name for spec in BUILTIN_SURROGATES if spec.graded}

_PLUGIN: Final = GivenSpecs((*NEURONS, *SURROGATES, *ENCODERS))
snnbench_neurons = _PLUGIN.snnbench_neurons
snnbench_surrogates = _PLUGIN.snnbench_surrogates
snnbench_encoders = _PLUGIN.snnbench_encoders


@hookimpl
def snnbench_skip(cell: Cell) -> str | None:
    """Refuse a neuron of sinabs with a graded surrogate: it spikes by its own rule."""
    ours = cell.neuron.name in _QUALIFIED | _PLAIN  # a plain name may be a built-in neuron's
    if ours and cell.surrogate is not None and cell.surrogate.name in _GRADED:
        return "sinabs makes its spikes itself, and they are not graded"
    return None
