"""SuperSpike (Zenke & Ganguli 2018, Neural Computation 30(6), section 3.3.2)."""

from __future__ import annotations

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class SuperSpike(Surrogate):
    """``d(z) = 1/(1 + β·|z|)²``: peak 1.

    Args:
        beta: β, 1/membrane.
    """

    def __init__(self, beta: float = 10.0) -> None:
        self.beta = beta

    def derivative(self, z: Tensor) -> Tensor:
        return (1 + self.beta * z.abs()).reciprocal().square()
