"""Leaky spike operator: the derivative of a leaky ReLU (Eshraghian et al. 2023, Proc. IEEE 111(9))."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.core.surrogate import Surrogate


class Leaky(Surrogate):
    """``d(z) = 1 if z > 0 else k``.

    Args:
        slope: k, the derivative below threshold.
    """

    def __init__(self, slope: float = 0.1) -> None:
        self.slope = slope

    def derivative(self, z: Tensor) -> Tensor:
        return (self.slope * torch.ones_like(z)).masked_fill(z > 0, 1)
