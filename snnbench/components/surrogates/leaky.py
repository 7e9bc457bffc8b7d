"""Leaky spike operator: the derivative of a leaky ReLU (Eshraghian et al. 2023, Proc. IEEE 111(9))."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "leaky")


class Leaky(Surrogate):
    """The surrogate is 1 above the threshold and a constant below it.

    ``snnbench show leaky`` has the equation and the parameters.
    """

    def __init__(self, slope: float = _DEFAULT.slope) -> None:
        self.slope = slope

    def derivative(self, z: Tensor) -> Tensor:
        return (self.slope * torch.ones_like(z)).masked_fill(z > 0, 1)
