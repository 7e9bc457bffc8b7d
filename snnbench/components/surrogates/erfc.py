"""Error function (Esser et al. 2015, NeurIPS; Wu et al. 2018, Frontiers in Neuroscience 12:331)."""

from __future__ import annotations

import math
from typing import Final

from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "erfc")


class Erfc(Surrogate):
    """The surrogate is the derivative of ``erfc(−αz)/2``: peak α/√π, area 1.

    ``snnbench show erfc`` has the equation and the parameters.
    """

    def __init__(self, alpha: float = _DEFAULT.alpha) -> None:
        self.alpha = alpha

    def derivative(self, z: Tensor) -> Tensor:
        return (-(self.alpha * z).square()).exp() * (self.alpha / math.sqrt(math.pi))
