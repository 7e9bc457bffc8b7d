"""Boxcar (Kaiser, Mostafa & Neftci 2020, Frontiers in Neuroscience 14:424; Bittar & Garner 2022)."""

from __future__ import annotations

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class Boxcar(Surrogate):
    """``d(z) = 1/(2w)`` where ``|z| < w``, else 0: area 1.

    Args:
        width: w, half of the base.
    """

    def __init__(self, width: float = 0.5) -> None:
        self.width = width

    def derivative(self, z: Tensor) -> Tensor:
        return (z.abs() < self.width).to(z.dtype) / (2 * self.width)
