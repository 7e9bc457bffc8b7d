"""Fast sigmoid (Zenke & Ganguli 2018, Neural Computation 30(6))."""

from __future__ import annotations

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class FastSigmoid(Surrogate):
    """``d(z) = 1/(1 + k·|z|)²``: peak 1.

    Args:
        slope: k, 1/membrane.
    """

    def __init__(self, slope: float = 25.0) -> None:
        self.slope = slope

    def derivative(self, z: Tensor) -> Tensor:
        return (1 + self.slope * z.abs()).reciprocal().square()
