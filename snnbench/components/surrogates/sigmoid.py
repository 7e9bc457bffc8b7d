"""Logistic sigmoid (Zenke & Vogels 2021, Neural Computation 33(4))."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "sigmoid")


class Sigmoid(Surrogate):
    """The surrogate is the derivative of the logistic function: peak k/4, area 1, finite at any z.

    ``snnbench show sigmoid`` has the equation and the parameters.
    """

    def __init__(self, slope: float = _DEFAULT.slope) -> None:
        self.slope = slope

    def derivative(self, z: Tensor) -> Tensor:
        kz = self.slope * z
        return self.slope * (kz.sigmoid() * (-kz).sigmoid())  # 1 − σ(kz) would round to 0 early
