"""Escape rate of a noisy threshold (Gerstner & Kistler 2002, Spiking Neuron Models, section 5.3)."""

from __future__ import annotations

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class SpikeRateEscape(Surrogate):
    """``d(z) = k·exp(−β·|z|)``: peak k at the threshold itself.

    Args:
        beta: β, 1/membrane.
        slope: k.
    """

    def __init__(self, beta: float = 1.0, slope: float = 25.0) -> None:
        self.beta = beta
        self.slope = slope

    def derivative(self, z: Tensor) -> Tensor:
        return self.slope * (-self.beta * z.abs()).exp()
