"""Fast sigmoid near the threshold only (Perez-Nieves & Goodman 2021, NeurIPS, arXiv:2105.08810)."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "sparse_fast_sigmoid")


class SparseFastSigmoid(Surrogate):
    """Derivative of the fast sigmoid near the threshold and 0 elsewhere: gradients are sparse.

    ``snnbench show sparse_fast_sigmoid`` has the equation and the parameters.
    """

    def __init__(self, slope: float = _DEFAULT.slope, width: float = _DEFAULT.width) -> None:
        self.slope = slope
        self.width = width

    def derivative(self, z: Tensor) -> Tensor:
        size = z.abs()
        return (1 + self.slope * size).reciprocal().square().masked_fill(size >= self.width, 0)
