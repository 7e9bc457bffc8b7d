"""The components of norse 1.1.0 for snnbench. Listing them imports neither torch nor norse."""

from __future__ import annotations

from collections.abc import Iterable

from snnbench import Cell, EncoderSpec, NeuronSpec, SurrogateSpec, hookimpl
from snnbench.components.neurons import SPECS as BUILTIN_NEURONS
from snnbench.components.surrogates import SPECS as BUILTIN_SURROGATES
from snnbench.plugin.specs import Spec
from snnbench_norse.encoder_specs import ENCODERS
from snnbench_norse.neuron_specs import NEURONS, SURROGATES


@hookimpl
def snnbench_neurons() -> Iterable[NeuronSpec]:
    """The neurons of ``norse.torch.functional``."""
    return NEURONS


@hookimpl
def snnbench_surrogates() -> Iterable[SurrogateSpec]:
    """What ``method`` names in norse."""
    return SURROGATES


@hookimpl
def snnbench_encoders() -> Iterable[EncoderSpec]:
    """The encoders of ``norse.torch.functional.encode``."""
    return ENCODERS


@hookimpl
def snnbench_skip(cell: Cell) -> str | None:
    """Refuse a neuron of norse with a surrogate that norse does not have."""
    if cell.surrogate is None or not _is_ours(cell.neuron.name, NEURONS, BUILTIN_NEURONS):
        return None
    if _is_ours(cell.surrogate.name, SURROGATES, BUILTIN_SURROGATES):
        return None
    methods = ", ".join(spec.name for spec in SURROGATES)
    return f"norse makes its spikes itself, by one of its own methods: {methods}"


def _is_ours(reference: str, ours: Iterable[Spec], builtin: Iterable[Spec]) -> bool:
    """Whether ``reference``, as a cell has it, is one of ``ours``: a plain name may be a built-in one's."""
    distribution, _, name = reference.rpartition(":")
    taken = {spec.name for spec in builtin} if not distribution else set()
    return distribution in ("", "snnbench-norse") and name in {spec.name for spec in ours} - taken
