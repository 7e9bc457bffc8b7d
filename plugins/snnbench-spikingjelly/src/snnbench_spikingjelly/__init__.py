"""SpikingJelly 2.0.0 for snnbench. Listing what it provides imports neither torch nor spikingjelly."""

from __future__ import annotations

from typing import Final

from snnbench import GivenSpecs
from snnbench_spikingjelly.encoder_specs import ENCODERS
from snnbench_spikingjelly.neuron_specs import NEURONS
from snnbench_spikingjelly.surrogate_specs import SURROGATES

_PLUGIN: Final = GivenSpecs((*NEURONS, *SURROGATES, *ENCODERS))
snnbench_neurons = _PLUGIN.snnbench_neurons
snnbench_surrogates = _PLUGIN.snnbench_surrogates
snnbench_encoders = _PLUGIN.snnbench_encoders
