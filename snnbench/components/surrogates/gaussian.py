"""Gaussian (Yin, Corradi & Bohté 2020, ICONS)."""

from __future__ import annotations

import math

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class Gaussian(Surrogate):
    """``d(z) = N(z; 0, σ²)``, the normal density: area 1.

    Args:
        sigma: σ, its standard deviation.
    """

    def __init__(self, sigma: float = 0.5) -> None:
        self.sigma = sigma

    def derivative(self, z: Tensor) -> Tensor:
        return normal(z, self.sigma)


def normal(z: Tensor, sigma: float) -> Tensor:
    """The density at ``z`` of a normal distribution around 0 with standard deviation ``sigma``."""
    return ((z / sigma).square() / -2).exp() / (sigma * math.sqrt(2 * math.pi))
