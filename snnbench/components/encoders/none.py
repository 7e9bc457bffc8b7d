"""No coding: the sequence itself is the input current."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.encoders.sequence import time_first


class NoEncoder:
    """``x[t] = x[t]``: a view with time first.

    Args:
        steps: Not used: a sequence has its own length.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """The current ``[T, B, *features]`` for sequences ``x`` ``[B, T, *features]``, of any range.

        Raises:
            UsageError: ``x`` is no sequence, or not finite.
        """
        return time_first(x, "none")
