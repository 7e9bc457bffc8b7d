"""snnTorch 1.0.0 for snnbench. Listing what it provides imports neither torch nor snntorch."""

from __future__ import annotations

from collections.abc import Iterable

from snnbench import EncoderSpec, NeuronSpec, SurrogateSpec, hookimpl
from snnbench_snntorch.encoder_specs import ENCODERS
from snnbench_snntorch.neuron_specs import NEURONS
from snnbench_snntorch.surrogate_specs import SURROGATES


@hookimpl
def snnbench_neurons() -> Iterable[NeuronSpec]:
    """The neurons of ``snntorch``."""
    return NEURONS


@hookimpl
def snnbench_surrogates() -> Iterable[SurrogateSpec]:
    """The spike functions of ``snntorch.surrogate``."""
    return SURROGATES


@hookimpl
def snnbench_encoders() -> Iterable[EncoderSpec]:
    """The encoders of ``snntorch.spikegen``."""
    return ENCODERS
