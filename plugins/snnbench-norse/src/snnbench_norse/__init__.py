"""The components of norse 1.1.0 for snnbench. Listing them imports neither torch nor norse."""

from __future__ import annotations

from typing import Final

from snnbench import GivenSpecs
from snnbench_norse.encoder_specs import ENCODERS
from snnbench_norse.neuron_specs import NEURONS
from snnbench_norse.surrogate_specs import SURROGATES

_PLUGIN: Final = GivenSpecs((*NEURONS, *SURROGATES, *ENCODERS))
snnbench_neurons = _PLUGIN.snnbench_neurons
snnbench_surrogates = _PLUGIN.snnbench_surrogates
snnbench_encoders = _PLUGIN.snnbench_encoders
