"""The components of traceTorch 0.19.2 for snnbench. Listing them imports neither torch nor traceTorch."""

from __future__ import annotations

from collections.abc import Iterable

from snnbench import NeuronSpec, SurrogateSpec, hookimpl
from snnbench_tracetorch.layer_specs import LAYERS
from snnbench_tracetorch.surrogate_specs import SURROGATES


@hookimpl
def snnbench_neurons() -> Iterable[NeuronSpec]:
    """The layers of ``tracetorch.snn``, ``.rnn`` and ``.ssm``."""
    return LAYERS


@hookimpl
def snnbench_surrogates() -> Iterable[SurrogateSpec]:
    """The spike functions of ``tracetorch.functional``."""
    return SURROGATES
