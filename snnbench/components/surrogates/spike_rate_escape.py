"""Escape rate of a noisy threshold (Gerstner & Kistler 2002, Spiking Neuron Models, section 5.3)."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "spike_rate_escape")


class SpikeRateEscape(Surrogate):
    """The surrogate is the escape rate of a noisy threshold: peak k at the threshold itself.

    ``snnbench show spike_rate_escape`` has the equation and the parameters.
    """

    def __init__(self, beta: float = _DEFAULT.beta, slope: float = _DEFAULT.slope) -> None:
        self.beta = beta
        self.slope = slope

    def derivative(self, z: Tensor) -> Tensor:
        return self.slope * (-self.beta * z.abs()).exp()
