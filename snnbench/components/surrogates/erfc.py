"""Error function (Esser et al. 2015, NeurIPS; Wu et al. 2018, Frontiers in Neuroscience 12:331)."""

from __future__ import annotations

import math

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class Erfc(Surrogate):
    """``d(z) = (α/√π)·exp(−(αz)²)``, the derivative of ``erfc(−αz)/2``: peak α/√π, area 1.

    Args:
        alpha: α, 1/membrane.
    """

    def __init__(self, alpha: float = 2.0) -> None:
        self.alpha = alpha

    def derivative(self, z: Tensor) -> Tensor:
        return (-(self.alpha * z).square()).exp() * (self.alpha / math.sqrt(math.pi))
