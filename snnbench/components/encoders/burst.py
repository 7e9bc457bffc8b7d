"""Burst coding: the brighter, the more spikes and the closer (Guo et al. 2021, Frontiers Neurosci. 15)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.encoders import SPECS
from snnbench.components.encoders.intensity import ROUNDING, check_intensity
from snnbench.errors import UsageError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "burst")


class Burst:
    """One burst of spikes; those from step T on are cut off.

    ``snnbench show burst`` has the equation and the parameters.

    Args:
        steps: T.

    Raises:
        UsageError: S is longer than L.
    """

    def __init__(
        self,
        steps: int,
        *,
        spikes: int = _DEFAULT.spikes,
        shortest: int = _DEFAULT.shortest,
        longest: int = _DEFAULT.longest,
    ) -> None:
        if shortest > longest:
            raise UsageError(
                f"encoder 'burst': shortest={shortest} is longer than longest={longest}",
                "the brighter, the closer: shortest is the interval at full intensity",
            )
        self.steps = steps
        self.spikes = spikes
        self.shortest = shortest
        self.longest = longest

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return the spikes ``[T, B, *shape]`` for intensities ``x`` ``[B, *shape]`` in [0, 1].

        Raises:
            UsageError: A value is outside [0, 1].
        """
        check_intensity(x, "burst")
        intensity = x.double()
        span = self.longest - self.shortest
        # so that 0.6·5 is 3 in float32 too, and 0.6·100 is 60
        count = (self.spikes * (intensity - ROUNDING)).ceil()
        interval = (self.longest - span * (intensity + ROUNDING)).ceil()
        steps = torch.arange(self.steps, device=x.device).view(-1, *[1] * x.ndim)
        return ((steps % interval == 0) & (steps < count * interval)).to(x.dtype)
