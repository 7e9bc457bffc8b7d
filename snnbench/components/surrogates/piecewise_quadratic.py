"""Piecewise quadratic (Esser et al. 2016, PNAS 113(41); Fang et al. 2023, Science Advances 9(40))."""

from __future__ import annotations

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class PiecewiseQuadratic(Surrogate):
    """``d(z) = max(0, α − α²·|z|)``: peak α, area 1; the triangle of half-base 1/α.

    Args:
        alpha: α, 1/membrane.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def derivative(self, z: Tensor) -> Tensor:
        return self.alpha * (1 - self.alpha * z.abs()).relu()
