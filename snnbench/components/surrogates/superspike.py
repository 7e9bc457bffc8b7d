"""SuperSpike (Zenke & Ganguli 2018, Neural Computation 30(6), section 3.3.2)."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "superspike")


class SuperSpike(Surrogate):
    """The surrogate is the derivative of the fast sigmoid, by its first name: peak 1.

    ``snnbench show superspike`` has the equation and the parameters.
    """

    def __init__(self, beta: float = _DEFAULT.beta) -> None:
        self.beta = beta

    def derivative(self, z: Tensor) -> Tensor:
        return (1 + self.beta * z.abs()).reciprocal().square()
