"""Gaussian with negative flanks (Yin, Corradi & Bohté 2021, Nature Machine Intelligence 3, 905-913)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.components.surrogates.gaussian import normal
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "multi_gaussian")


class MultiGaussian(Surrogate):
    """The surrogate is a normal density with negative flanks: area 1 − h.

    ``snnbench show multi_gaussian`` has the equation and the parameters.
    """

    def __init__(
        self, sigma: float = _DEFAULT.sigma, height: float = _DEFAULT.height, scale: float = _DEFAULT.scale
    ) -> None:
        self.sigma = sigma
        self.height = height
        self.scale = scale

    def derivative(self, z: Tensor) -> Tensor:
        x = z.to(torch.promote_types(z.dtype, torch.float32))  # high flanks are infinite in float16
        wide = self.scale * self.sigma
        flanks = normal(x - self.sigma, wide) + normal(x + self.sigma, wide)
        return ((1 + self.height) * normal(x, self.sigma) - self.height * flanks).to(z.dtype)
