"""snnTorch 1.0.0 for snnbench. Listing what it provides imports neither torch nor snntorch."""

from __future__ import annotations

from typing import Final

from snnbench import GivenSpecs
from snnbench_snntorch.encoder_specs import ENCODERS
from snnbench_snntorch.neuron_specs import NEURONS
from snnbench_snntorch.surrogate_specs import SURROGATES

_PLUGIN: Final = GivenSpecs((*NEURONS, *SURROGATES, *ENCODERS))
snnbench_neurons = _PLUGIN.snnbench_neurons
snnbench_surrogates = _PLUGIN.snnbench_surrogates
snnbench_encoders = _PLUGIN.snnbench_encoders
