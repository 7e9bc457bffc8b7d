"""Fast sigmoid (Zenke & Ganguli 2018, Neural Computation 30(6))."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "fast_sigmoid")


class FastSigmoid(Surrogate):
    """The surrogate is the derivative of the fast sigmoid: peak 1.

    ``snnbench show fast_sigmoid`` has the equation and the parameters.
    """

    def __init__(self, slope: float = _DEFAULT.slope) -> None:
        self.slope = slope

    def derivative(self, z: Tensor) -> Tensor:
        return (1 + self.slope * z.abs()).reciprocal().square()
