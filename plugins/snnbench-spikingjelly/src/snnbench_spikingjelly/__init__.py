"""SpikingJelly 2.0.0 for snnbench. Listing what it provides imports neither torch nor spikingjelly."""

from __future__ import annotations

from collections.abc import Iterable

from snnbench import EncoderSpec, NeuronSpec, SurrogateSpec, hookimpl
from snnbench_spikingjelly.encoder_specs import ENCODERS
from snnbench_spikingjelly.neuron_specs import NEURONS
from snnbench_spikingjelly.surrogate_specs import SURROGATES


@hookimpl
def snnbench_neurons() -> Iterable[NeuronSpec]:
    """The neurons of ``spikingjelly.activation_based.neuron``."""
    return NEURONS


@hookimpl
def snnbench_surrogates() -> Iterable[SurrogateSpec]:
    """The spike functions of ``spikingjelly.activation_based.surrogate``."""
    return SURROGATES


@hookimpl
def snnbench_encoders() -> Iterable[EncoderSpec]:
    """The encoders of ``spikingjelly.activation_based.encoding``."""
    return ENCODERS
