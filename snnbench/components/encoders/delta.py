"""Delta modulation: a spike where the input changes (Eshraghian et al. 2023, Proc. IEEE 111(9))."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.encoders.intensity import ROUNDING
from snnbench.components.encoders.sequence import lengths, time_first
from snnbench.data.dataset import Samples
from snnbench.data.sequences import Sequences


class Delta:
    """``s[t] = 1`` where ``x[t] − x[t−1] ≥ θ``; with ``off_spike`` −1 where it is ``≤ −θ``; ``x[−1] = 0``.

    A change that float32 does not tell from θ spikes too: 0.3 − 0.2 is less than 0.1 in it.

    Args:
        steps: Not used: a sequence has its own length.
        threshold: θ, in the unit of the samples.
        off_spike: Falls spike too, as −1.
        padding: ``x[−1] = x[0]``: the first sample is compared with itself and never spikes.
    """

    def __init__(
        self, steps: int, *, threshold: float = 0.1, off_spike: bool = False, padding: bool = False
    ) -> None:
        self.steps = steps
        self.threshold = threshold
        self.off_spike = off_spike
        self.padding = padding

    def __call__(self, x: Tensor | Sequences, generator: torch.Generator) -> Tensor:
        """Spikes ``[T, B, *features]`` for sequences ``x`` ``[B, T, *features]``, of any range.

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
        """The real steps of each sequence, ``[B]``; None where all have the same length."""
        return lengths(x)
