"""Phase coding: the bits of the intensity, one a step (Kim et al. 2018, Neurocomputing 311)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.encoders import SPECS
from snnbench.components.encoders.intensity import check_intensity
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "phase")


class Phase:
    """The encoder gives the bits of a value, one a step, most significant first, repeated.

    Over one period ``Σ_t 2^(K−1−t)·s[t]/(2^K − 1)`` is x, to K bits. The spikes are binary: their
    weight is known from their phase alone.
    ``snnbench show phase`` has the equation and the parameters.

    Args:
        steps: T.
    """

    def __init__(self, steps: int, *, period: int = _DEFAULT.period) -> None:
        self.steps = steps
        self.period = period

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return the spikes ``[T, B, *shape]`` for intensities ``x`` ``[B, *shape]`` in [0, 1].

        Raises:
            UsageError: A value is outside [0, 1].
        """
        check_intensity(x, "phase")
        level = ((2**self.period - 1) * x.double()).round().long()
        bit = self.period - 1 - torch.arange(self.steps, device=x.device) % self.period
        spikes: Tensor = level >> bit.view(-1, *[1] * x.ndim) & 1
        return spikes.to(x.dtype)
