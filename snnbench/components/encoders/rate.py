"""Rate coding: independent Bernoulli spikes at each step."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.encoders.intensity import check_intensity


class Rate:
    """``s[t] ~ Bernoulli(min(gain·x, 1))``, independent over steps.

    Args:
        steps: T.
        gain: Factor on the intensity.
    """

    def __init__(self, steps: int, *, gain: float = 1.0) -> None:
        self.steps = steps
        self.gain = gain

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Spikes ``[T, B, *shape]`` for intensities ``x`` ``[B, *shape]`` in [0, 1].

        Raises:
            UsageError: A value is outside [0, 1].
        """
        check_intensity(x, "rate")
        probability = (self.gain * x).clamp(max=1).expand(self.steps, *x.shape)
        return torch.bernoulli(probability, generator=generator)
