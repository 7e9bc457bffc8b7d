"""Sinabs's encoder of images, with its randomness from the generator it is given."""

from __future__ import annotations

import torch
from sinabs.layers import Img2SpikeLayer
from torch import Tensor

from snnbench import drawing_from
from snnbench.components.encoders.intensity import check_intensity


class Img2Spike:
    """``Img2SpikeLayer``. It draws on the CPU, whatever the device of the images.

    Args:
        steps: T.
        max_rate: Rate of a pixel of value ``norm``, Hz.
        norm: What the input is divided by.
        negative_spikes: Negative values spike as −1.
    """

    def __init__(self, steps: int, *, max_rate: float, norm: float, negative_spikes: bool) -> None:
        self.layer = Img2SpikeLayer(
            None, tw=steps, max_rate=max_rate, norm=norm, negative_spikes=negative_spikes
        )

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Spikes ``[T, B, *shape]`` for intensities ``x`` ``[B, *shape]`` in [0, 1], or [−1, 1].

        Raises:
            UsageError: A value is outside.
        """
        check_intensity(x, "img2_spike", low=-1 if self.layer.negative_spikes else 0)
        seed = torch.randint(2**62, (), generator=generator, device=generator.device)
        with drawing_from(torch.Generator().manual_seed(int(seed))):
            spikes: Tensor = self.layer(x)
        return spikes.to(x.dtype)


img2_spike = Img2Spike
