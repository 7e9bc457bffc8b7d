"""Population coding by Gaussian receptive fields (Bohte, Kok & La Poutré 2002, Neurocomputing 48)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.encoders import SPECS
from snnbench.components.encoders.intensity import check_floats, check_intensity
from snnbench.errors import UsageError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "population")

OVERLAP = 1.5
"""γ: distance of two centres over the width of a field."""


class Population:
    """Random spikes of M receptive fields for each value, independent over steps.

    The width of a field is 1/(γ·(M − 2)) with γ = 1.5. Spikes drawn with the
    response for probability: Tang et al. 2020, CoRL, arXiv:2010.09635.
    ``snnbench show population`` has the equation and the parameters.

    Args:
        steps: T.
    """

    def __init__(self, steps: int, *, size: int = _DEFAULT.size) -> None:
        self.steps = steps
        self.size = size

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return the spikes ``[T, B, C·M, *]`` for intensities ``x`` ``[B, C, *]`` in [0, 1].

        The M fields of a value adjoin.

        Raises:
            UsageError: A value is outside [0, 1], or there is no axis C.
        """
        check_floats(x, "population")
        if x.ndim < 2:
            raise UsageError(
                f"encoder 'population' takes samples [B, C, *], got shape {list(x.shape)}",
                "unsqueeze(1) adds C",
            )
        check_intensity(x, "population")
        response = self.response(x)
        return torch.bernoulli(response.expand(self.steps, *response.shape), generator=generator)

    def response(self, x: Tensor) -> Tensor:
        """Return how strongly each field responds, in [0, 1], ``[B, C·M, *]`` for ``x`` ``[B, C, *]``."""
        fields = torch.arange(self.size, dtype=x.dtype, device=x.device).view(-1, *[1] * (x.ndim - 2))
        centre = (fields - 0.5) / (self.size - 2)
        distance = (x[:, :, None] - centre) * (OVERLAP * (self.size - 2))
        return (distance.square() / -2).exp().flatten(1, 2)
