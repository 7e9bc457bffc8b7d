"""The components of norse 1.1.0 for snnbench. Listing them imports neither torch nor norse."""

from __future__ import annotations

from collections.abc import Iterable

from snnbench import EncoderSpec, NeuronSpec, SurrogateSpec, hookimpl
from snnbench_norse.encoder_specs import ENCODERS
from snnbench_norse.neuron_specs import NEURONS
from snnbench_norse.surrogate_specs import SURROGATES


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
