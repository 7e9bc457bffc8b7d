"""The encoders of ``snntorch.spikegen``. Spikes are drawn as snntorch draws them, seeded by the generator."""

from __future__ import annotations

from typing import Any

import torch
from snntorch import spikegen
from torch import Tensor

from snnbench import drawing_from
from snnbench.components.encoders.intensity import check_intensity
from snnbench.errors import UsageError


class Rate:
    """``snntorch.spikegen.rate`` of an image. Keywords are snntorch's."""

    def __init__(self, steps: int, **options: Any) -> None:
        if options["first_spike_time"] >= steps:
            raise UsageError(
                f"encoder 'rate': first_spike_time={options['first_spike_time']} is not before the end",
                f"there are {steps} steps: choose at most {steps - 1}",
            )
        self.steps = steps
        self.options = options

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Spikes ``[T, B, *shape]`` for intensities ``x`` ``[B, *shape]`` in [0, 1].

        Raises:
            UsageError: A value is outside [0, 1].
        """
        check_intensity(x, "rate")
        with drawing_from(generator):
            spikes: Tensor = spikegen.rate(x, num_steps=self.steps, **self.options)
        return spikes.to(x.dtype)


class RateConv:
    """``snntorch.spikegen.rate_conv`` of a sequence, which has its own length."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Spikes ``[T, B, *features]`` for sequences ``x`` ``[B, T, *features]``."""
        with drawing_from(generator):
            spikes: Tensor = spikegen.rate_conv(x)
        return spikes.movedim(1, 0).to(x.dtype).contiguous()


class Latency:
    """``snntorch.spikegen.latency`` of an image. Keywords are snntorch's."""

    def __init__(self, steps: int, **options: Any) -> None:
        if options["normalize"] and not options["linear"]:
            raise UsageError(
                "encoder 'latency': normalize without linear divides by the latest spike of the batch,"
                " so that the code of a sample depends on the others in its batch",
                "add linear=true, or leave normalize out and choose tau",
            )
        self.steps = steps
        self.options = options

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Spikes ``[T, B, *shape]`` for intensities ``x`` ``[B, *shape]`` in [0, 1].

        Raises:
            UsageError: A value is outside [0, 1]; or one spikes after the last step, and ``bypass`` is off.
        """
        check_intensity(x, "latency")
        try:
            spikes: Tensor = spikegen.latency(x, num_steps=self.steps, **self.options)
        except Exception as error:  # snntorch raises no narrower one
            reason = " ".join(str(error).split())
            raise UsageError(
                f"encoder 'latency': {reason}", "more steps, a smaller tau or bypass=true"
            ) from None
        return spikes.to(x.dtype)


class Delta:
    """``snntorch.spikegen.delta`` of a sequence, which has its own length. Keywords are snntorch's."""

    def __init__(self, steps: int, **options: Any) -> None:
        self.steps = steps
        self.options = options

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Spikes ``[T, B, *features]`` for sequences ``x`` ``[B, T, *features]``."""
        spikes: Tensor = spikegen.delta(x.movedim(1, 0), **self.options)
        return spikes.to(x.dtype)
