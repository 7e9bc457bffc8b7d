"""Delta modulation: a spike where the input changes (Eshraghian et al. 2023, Proc. IEEE 111(9))."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.encoders import SPECS
from snnbench.components.encoders.intensity import ROUNDING
from snnbench.components.encoders.sequence import lengths, time_first
from snnbench.data.dataset import Samples
from snnbench.data.sequences import Sequences
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "delta")


class Delta:
    """A spike where a sequence changes, from ``x[−1] = 0`` on, or from ``x[−1] = x[0]`` with ``padding``.

    A change that float32 does not tell from θ spikes too: 0.3 − 0.2 is less than 0.1 in it.
    ``snnbench show delta`` has the equation and the parameters.

    Args:
        steps: Not used: a sequence has its own length.
    """

    def __init__(
        self,
        steps: int,
        *,
        threshold: float = _DEFAULT.threshold,
        off_spike: bool = _DEFAULT.off_spike,
        padding: bool = _DEFAULT.padding,
    ) -> None:
        self.steps = steps
        self.threshold = threshold
        self.off_spike = off_spike
        self.padding = padding

    def __call__(self, x: Tensor | Sequences, generator: torch.Generator) -> Tensor:
        """Return the spikes ``[T, B, *features]`` for sequences ``x`` ``[B, T, *features]``, of any range.

        Raises:
            UsageError: ``x`` is no sequence, or not finite.
        """
        steps = time_first(x, "delta")
        first = steps[:1] if self.padding else torch.zeros_like(steps[:1])
        before = torch.cat([first, steps[:-1]])
        change, larger = steps - before, torch.maximum(steps.abs(), before.abs())
        threshold = self.threshold - (ROUNDING * larger).clamp(max=self.threshold / 2)
        spikes = (change >= threshold).to(steps.dtype)
        return spikes - (change <= -threshold).to(steps.dtype) if self.off_spike else spikes

    def lengths(self, x: Samples) -> Tensor | None:
        """Return the real steps of each sequence, ``[B]``; None where all have the same length."""
        return lengths(x)
