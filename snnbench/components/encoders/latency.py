"""Latency coding: time to first spike of a charging membrane."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.encoders import SPECS
from snnbench.components.encoders.intensity import check_intensity
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "latency")


class Latency:
    """The encoder gives one spike a value, the earlier the larger; none where x ≤ θ.

    ``snnbench show latency`` has the equation and the parameters.

    Args:
        steps: T.
    """

    def __init__(
        self,
        steps: int,
        *,
        tau: float = _DEFAULT.tau,
        threshold: float = _DEFAULT.threshold,
        linear: bool = _DEFAULT.linear,
    ) -> None:
        self.steps = steps
        self.tau = tau
        self.threshold = threshold
        self.linear = linear

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return the spikes ``[T, B, *shape]`` for intensities ``x`` ``[B, *shape]`` in [0, 1].

        Raises:
            UsageError: A value is outside [0, 1].
        """
        check_intensity(x, "latency")
        intensity = x.double()  # a float16 does not tell 2048 from 2049
        if self.linear:
            time = (self.steps - 1) * (1 - intensity)
        else:  # ln(x/(x − θ)); +∞ at x ≤ θ, which is later than any step
            time = -self.tau * torch.log1p(-self.threshold / intensity.clamp(min=self.threshold))
        time = time.round().where(x > self.threshold, torch.inf)
        steps = torch.arange(self.steps, device=x.device).view(-1, *[1] * x.ndim)
        return (time == steps).to(x.dtype)
