"""Gaussian with negative flanks (Yin, Corradi & Bohté 2021, Nature Machine Intelligence 3, 905-913)."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.surrogates.gaussian import normal
from snnbench.core.surrogate import Surrogate


class MultiGaussian(Surrogate):
    """``d(z) = (1 + h)·N(z; 0, σ²) − h·N(z; σ, (sσ)²) − h·N(z; −σ, (sσ)²)``: area 1 − h.

    Args:
        sigma: σ, standard deviation of the centre.
        height: h, weight of the flanks.
        scale: s, width of the flanks over that of the centre.
    """

    def __init__(self, sigma: float = 0.5, height: float = 0.15, scale: float = 6.0) -> None:
        self.sigma = sigma
        self.height = height
        self.scale = scale

    def derivative(self, z: Tensor) -> Tensor:
        x = z.to(torch.promote_types(z.dtype, torch.float32))  # high flanks are infinite in float16
        wide = self.scale * self.sigma
        flanks = normal(x - self.sigma, wide) + normal(x + self.sigma, wide)
        return ((1 + self.height) * normal(x, self.sigma) - self.height * flanks).to(z.dtype)
