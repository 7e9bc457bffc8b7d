"""No coding: the sequence itself is the input current."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.encoders.sequence import lengths, time_first
from snnbench.data.dataset import Samples
from snnbench.data.sequences import Sequences


class NoEncoder:
    """The encoder gives the sequence itself, laid out in memory with time first.

    Args:
        steps: Not used: a sequence has its own length.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, x: Tensor | Sequences, generator: torch.Generator) -> Tensor:
        """Return the current ``[T, B, *features]`` for sequences ``x`` ``[B, T, *features]``, of any range.

        Raises:
            UsageError: ``x`` is no sequence, or not finite.
        """
        return time_first(x, "none").contiguous()

    def lengths(self, x: Samples) -> Tensor | None:
        """Return the real steps of each sequence, ``[B]``; None where all have the same length."""
        return lengths(x)
