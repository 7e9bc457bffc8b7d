"""The encoders of ``spikingjelly.activation_based.encoding``.

Each is made anew for a call: they keep a state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from spikingjelly.activation_based import encoding
from torch import Tensor

from snnbench import drawing_from
from snnbench.components.encoders.intensity import check_intensity
from snnbench.errors import UsageError


class Poisson:
    """``PoissonEncoder``, drawing what ``generator`` decides."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Spikes ``[T, B, *shape]`` for intensities ``x`` ``[B, *shape]`` in [0, 1].

        Raises:
            UsageError: A value is outside [0, 1].
        """
        check_intensity(x, "poisson")
        encoder = encoding.PoissonEncoder()
        with drawing_from(generator):
            return torch.stack([encoder(x) for _ in range(self.steps)])


class Latency:
    """``LatencyEncoder``."""

    def __init__(self, steps: int, *, enc_function: str) -> None:
        self.steps = steps
        self.enc_function = enc_function

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Spikes ``[T, B, *shape]`` for intensities ``x`` ``[B, *shape]`` in [0, 1].

        Raises:
            UsageError: A value is outside [0, 1].
        """
        check_intensity(x, "latency")
        encoder = encoding.LatencyEncoder(self.steps, self.enc_function)
        return torch.stack([encoder(x) for _ in range(self.steps)])


class Pop:
    """``PopEncoder`` of all values of a sample.

    Args:
        steps: T.
        pop_dim: Receptive fields M of one value.
        low: Centre of the first field.
        high: Centre of the last field.
        std: Width of a field.
    """

    encoder: ClassVar[Callable[..., Any]] = encoding.PopEncoder

    def __init__(self, steps: int, *, pop_dim: int, low: float, high: float, std: float) -> None:
        if low >= high:
            raise UsageError(
                f"the fields from low={low:g} to high={high:g} have no order", "choose low below high"
            )
        self.steps = steps
        self.options = {"pop_dim": pop_dim, "mean_range": (low, high), "std": std}

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """``[T, B, N·M]`` for values ``x`` ``[B, *shape]`` in [0, 1], N of them a sample.

        Raises:
            UsageError: A value is outside [0, 1].
        """
        check_intensity(x, "pop")
        values = x.flatten(1)
        encoder = type(self).encoder(values.shape[1], spike_ts=self.steps, **self.options).to(x)
        with torch.no_grad(), drawing_from(generator):
            encoded: Tensor = encoder(values)
        return encoded.to(x.dtype)


class PopSpikeRandom(Pop):
    """``PopSpikeEncoderRandom``, drawing what ``generator`` decides. Arguments as for ``Pop``."""

    encoder = encoding.PopSpikeEncoderRandom


class PopSpikeDeterministic(Pop):
    """``PopSpikeEncoderDeterministic``. Arguments as for ``Pop``."""

    encoder = encoding.PopSpikeEncoderDeterministic
