"""Graded logistic spike function (traceTorch's default, ``tracetorch.functional.sigmoid4x``)."""

from __future__ import annotations

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class GradedSigmoid(Surrogate):
    """``s = σ(kz)`` in (0, 1), with its own derivative ``d(z) = k·σ(kz)·σ(−kz)``; never at rest.

    Args:
        slope: k, 1/membrane.
    """

    graded = True

    def __init__(self, slope: float = 4.0) -> None:
        self.slope = slope

    def forward(self, z: Tensor) -> Tensor:
        return (1 + (-self.slope * z).exp()).reciprocal()  # torch.sigmoid rounds by place in the batch

    def derivative(self, z: Tensor) -> Tensor:
        kz = self.slope * z
        return self.slope * (kz.sigmoid() * (-kz).sigmoid())  # 1 − σ(kz) would round to 0 early
