"""Direct coding: the sample itself is the input current of each step."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.encoders.intensity import check_finite


class Direct:
    """The encoder gives the same current at each step: a view, not T copies.

    Args:
        steps: T.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return the current ``[T, B, *shape]`` for samples ``x`` ``[B, *shape]``, of any range.

        Raises:
            UsageError: A value is not finite.
        """
        check_finite(x, "direct")
        return x.expand(self.steps, *x.shape)
