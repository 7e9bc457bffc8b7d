"""Triangle (Bellec et al. 2018, NeurIPS)."""

from __future__ import annotations

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class Triangular(Surrogate):
    """``d(z) = max(0, 1 − |z|/w)/w``: peak 1/w, area 1.

    Args:
        width: w, half of the base.
    """

    def __init__(self, width: float = 1.0) -> None:
        self.width = width

    def derivative(self, z: Tensor) -> Tensor:
        return (1 - z.abs() / self.width).relu() / self.width
