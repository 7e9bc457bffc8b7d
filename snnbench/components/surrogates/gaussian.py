"""Gaussian (Yin, Corradi & Bohté 2020, ICONS)."""

from __future__ import annotations

import math
from typing import Final

from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "gaussian")


class Gaussian(Surrogate):
    """The surrogate is a normal density around the threshold: area 1.

    ``snnbench show gaussian`` has the equation and the parameters.
    """

    def __init__(self, sigma: float = _DEFAULT.sigma) -> None:
        self.sigma = sigma

    def derivative(self, z: Tensor) -> Tensor:
        return normal(z, self.sigma)


def normal(z: Tensor, sigma: float) -> Tensor:
    """Return the density at ``z`` of a normal distribution around 0 with standard deviation ``sigma``."""
    return ((z / sigma).square() / -2).exp() / (sigma * math.sqrt(2 * math.pi))
