"""Fast sigmoid near the threshold only (Perez-Nieves & Goodman 2021, NeurIPS, arXiv:2105.08810)."""

from __future__ import annotations

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class SparseFastSigmoid(Surrogate):
    """``d(z) = 1/(1 + k·|z|)²`` where ``|z| < w``, else 0: gradients are sparse.

    Args:
        slope: k, 1/membrane.
        width: w, the distance from the threshold at which gradients stop.
    """

    def __init__(self, slope: float = 25.0, width: float = 1.0) -> None:
        self.slope = slope
        self.width = width

    def derivative(self, z: Tensor) -> Tensor:
        size = z.abs()
        return (1 + self.slope * size).reciprocal().square().masked_fill(size >= self.width, 0)
