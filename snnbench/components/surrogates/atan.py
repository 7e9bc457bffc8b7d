"""Arctangent (Fang et al. 2021, ICCV, eq. 15)."""

from __future__ import annotations

import math
from typing import Final

from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "atan")


class ATan(Surrogate):
    """The surrogate is the derivative of a scaled arctangent: peak α/2, area 1.

    ``snnbench show atan`` has the equation and the parameters.
    """

    def __init__(self, alpha: float = _DEFAULT.alpha) -> None:
        self.alpha = alpha

    def derivative(self, z: Tensor) -> Tensor:
        return (self.alpha / 2) / (1 + (math.pi / 2 * self.alpha * z).square())
