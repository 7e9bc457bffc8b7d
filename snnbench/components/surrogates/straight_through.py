"""Straight-through estimator (Bengio, Léonard & Courville 2013, arXiv:1308.3432)."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.core.surrogate import Surrogate


class StraightThrough(Surrogate):
    """The surrogate is 1 everywhere: the gradient passes unchanged."""

    def derivative(self, z: Tensor) -> Tensor:
        return torch.ones_like(z)
