"""Triangle (Bellec et al. 2018, NeurIPS)."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "triangular")


class Triangular(Surrogate):
    """The surrogate is a triangle around the threshold: peak 1/w, area 1.

    ``snnbench show triangular`` has the equation and the parameters.
    """

    def __init__(self, width: float = _DEFAULT.width) -> None:
        self.width = width

    def derivative(self, z: Tensor) -> Tensor:
        return (1 - z.abs() / self.width).relu() / self.width
