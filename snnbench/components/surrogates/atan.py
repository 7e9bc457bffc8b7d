"""Arctangent (Fang et al. 2021, ICCV, eq. 15)."""

from __future__ import annotations

import math

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class ATan(Surrogate):
    """``d(z) = (α/2)/(1 + (π·α·z/2)²)``: peak α/2, area 1.

    Args:
        alpha: α, 1/membrane.
    """

    def __init__(self, alpha: float = 2.0) -> None:
        self.alpha = alpha

    def derivative(self, z: Tensor) -> Tensor:
        return (self.alpha / 2) / (1 + (math.pi / 2 * self.alpha * z).square())
