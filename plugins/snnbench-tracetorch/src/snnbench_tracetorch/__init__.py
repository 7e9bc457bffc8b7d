"""The components of traceTorch 0.19.2 for snnbench. Listing them imports neither torch nor traceTorch."""

from __future__ import annotations

from typing import Final

from snnbench import GivenSpecs
from snnbench_tracetorch.layer_specs import LAYERS
from snnbench_tracetorch.surrogate_specs import SURROGATES

_PLUGIN: Final = GivenSpecs((*LAYERS, *SURROGATES))
snnbench_neurons = _PLUGIN.snnbench_neurons
snnbench_surrogates = _PLUGIN.snnbench_surrogates
