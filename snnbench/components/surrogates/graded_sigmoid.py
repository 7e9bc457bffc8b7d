"""Graded logistic spike function (traceTorch's default, ``tracetorch.functional.sigmoid4x``)."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "graded_sigmoid")


class GradedSigmoid(Surrogate):
    """The logistic function itself, in (0, 1), with its own derivative; never at rest.

    ``snnbench show graded_sigmoid`` has the equation and the parameters.
    """

    graded = True

    def __init__(self, slope: float = _DEFAULT.slope) -> None:
        self.slope = slope

    def forward(self, z: Tensor) -> Tensor:
        return (1 + (-self.slope * z).exp()).reciprocal()  # torch.sigmoid rounds by place in the batch

    def derivative(self, z: Tensor) -> Tensor:
        kz = self.slope * z
        return self.slope * (kz.sigmoid() * (-kz).sigmoid())  # 1 − σ(kz) would round to 0 early
