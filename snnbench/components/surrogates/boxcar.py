"""Boxcar (Kaiser, Mostafa & Neftci 2020, Frontiers in Neuroscience 14:424; Bittar & Garner 2022)."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "boxcar")


class Boxcar(Surrogate):
    """The surrogate is constant near the threshold: area 1.

    ``snnbench show boxcar`` has the equation and the parameters.
    """

    def __init__(self, width: float = _DEFAULT.width) -> None:
        self.width = width

    def derivative(self, z: Tensor) -> Tensor:
        return (z.abs() < self.width).to(z.dtype) / (2 * self.width)
