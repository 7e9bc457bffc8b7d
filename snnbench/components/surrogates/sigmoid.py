"""Logistic sigmoid (Zenke & Vogels 2021, Neural Computation 33(4))."""

from __future__ import annotations

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class Sigmoid(Surrogate):
    """``d(z) = k·σ(kz)·σ(−kz)``: peak k/4, area 1; finite at any z.

    Args:
        slope: k, 1/membrane.
    """

    def __init__(self, slope: float = 25.0) -> None:
        self.slope = slope

    def derivative(self, z: Tensor) -> Tensor:
        kz = self.slope * z
        return self.slope * (kz.sigmoid() * (-kz).sigmoid())  # 1 − σ(kz) would round to 0 early
