"""What the convolutional networks are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from snnbench.engine.network import PerStep
from snnbench.engine.neuron import Neuron
from snnbench.errors import UsageError

Population: TypeAlias = Callable[[tuple[int, ...]], Neuron]
Norm: TypeAlias = Literal["all_steps", "per_step"]


def check_image(network: str, input_shape: tuple[int, ...], widths: Sequence[int]) -> tuple[int, int, int]:
    """``input_shape`` as ``(C, H, W)``, if it can be pooled once for each of ``widths``.

    Raises:
        UsageError: It is no image, is too small, or there is nothing to build.
    """
    if not widths or not all(widths):
        raise UsageError(f"network {network!r} has no convolution", "give at least one width")
    if len(input_shape) != 3:
        raise UsageError(
            f"network {network!r} takes images [C, H, W], got samples of shape {list(input_shape)}",
            "choose the network 'dense'",
        )
    channels, height, width = input_shape
    least = 2 ** len(widths)
    if min(height, width) < least:
        raise UsageError(
            f"network {network!r} pools {len(widths)} times: {height}×{width} is too small to pool",
            f"it takes {least}×{least} and larger; give fewer stages, or choose the network 'dense'",
        )
    return channels, height, width


def stage(inputs: int, outputs: int, norm: Norm, generator: torch.Generator) -> list[nn.Module]:
    """Convolution 3×3, padding 1, no bias, Kaiming-normal by fan-out; then BatchNorm."""
    convolution: nn.Conv2d = nn.utils.skip_init(  # type: ignore[no-untyped-call]
        nn.Conv2d, inputs, outputs, 3, padding=1, bias=False
    )
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu", generator=generator)
    batch_norm = nn.BatchNorm2d(outputs)
    return [convolution, PerStep(batch_norm) if norm == "per_step" else batch_norm]


class Dropout(nn.Dropout):
    """Inverted dropout whose masks come from a seed of its own.

    Args:
        p: Probability of an element to be dropped.
        generator: Draws the seed.
    """

    def __init__(self, p: float, generator: torch.Generator) -> None:
        super().__init__(p)
        self.seed = int(torch.randint(2**62, (), generator=generator))
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        generator = torch.Generator(x.device).manual_seed(self.seed + self.calls)
        self.calls += 1
        kept = torch.rand(x.shape, generator=generator, device=x.device) >= self.p
        return x * kept / (1 - self.p)
