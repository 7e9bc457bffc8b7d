"""Piecewise quadratic (Esser et al. 2016, PNAS 113(41); Fang et al. 2023, Science Advances 9(40))."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "piecewise_quadratic")


class PiecewiseQuadratic(Surrogate):
    """The surrogate differentiates a piecewise quadratic step: a triangle of half-base 1/α: peak α, area 1.

    ``snnbench show piecewise_quadratic`` has the equation and the parameters.
    """

    def __init__(self, alpha: float = _DEFAULT.alpha) -> None:
        self.alpha = alpha

    def derivative(self, z: Tensor) -> Tensor:
        return self.alpha * (1 - self.alpha * z.abs()).relu()
