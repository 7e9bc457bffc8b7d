"""Rate coding: independent Bernoulli spikes at each step."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.encoders import SPECS
from snnbench.components.encoders.intensity import check_intensity
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "rate")


class Rate:
    """``s[t] ~ Bernoulli(min(gain·x, 1))``, independent over steps.

    ``snnbench show rate`` has the equation and the parameters.

    Args:
        steps: T.
    """

    def __init__(self, steps: int, *, gain: float = _DEFAULT.gain) -> None:
        self.steps = steps
        self.gain = gain

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return the spikes ``[T, B, *shape]`` for intensities ``x`` ``[B, *shape]`` in [0, 1].

        Raises:
            UsageError: A value is outside [0, 1].
        """
        check_intensity(x, "rate")
        probability = (self.gain * x).clamp(max=1).expand(self.steps, *x.shape)
        return torch.bernoulli(probability, generator=generator)
