"""Specs of sinabs's encoders. Imports neither torch nor sinabs."""

from __future__ import annotations

from typing import Final

from snnbench import Param
from snnbench_sinabs.library import SINABS

ENCODERS: Final = (
    SINABS.encoder(
        "img2_spike",
        "Bernoulli spikes; made for pixels of 0 to 255: use norm=1 here",
        "s[t] ~ Bernoulli(x/norm·max_rate/1000)",
        {
            "max_rate": Param(1000.0, low=0.0, high=1000.0, unit="Hz", doc="rate at norm, a step being 1 ms"),
            "norm": Param(255.0, low=1.0, doc="what the input is divided by; 1 for intensities"),
            "negative_spikes": Param(False, doc="negative values spike as −1"),
        },
        reference="sinabs 3.1.3, sinabs.layers.Img2SpikeLayer, https://sinabs.readthedocs.io",
    ),
)
