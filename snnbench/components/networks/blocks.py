"""Define what the convolutional networks are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from snnbench.core.network import PerStep
from snnbench.core.neuron import Neuron
from snnbench.errors import UsageError

Population: TypeAlias = Callable[[tuple[int, ...]], Neuron]
Norm: TypeAlias = Literal["all_steps", "per_step"]


@dataclass(frozen=True, slots=True)
class Convolution:
    """Shape of the square kernels of a network.

    Attributes:
        kernel: Side of a kernel, pixels.
        stride: Pixels from one place of the kernel to the next.
        padding: Zeros added at each border, pixels.
    """

    kernel: int = 3
    stride: int = 1
    padding: int = 1

    def size(self, pixels: int) -> int:
        """Return the height or width that a convolution makes of ``pixels``; below 1 where none is left."""
        return (pixels + 2 * self.padding - self.kernel) // self.stride + 1


def check_image(
    network: str, input_shape: tuple[int, ...], blocks: Sequence[Sequence[int]], convolution: Convolution
) -> tuple[int, int, int]:
    """Return ``input_shape`` as ``(C, H, W)``, if it is large enough for all ``blocks``.

    Args:
        network: Its name, for the error.
        input_shape: Of one sample at one step.
        blocks: Widths of the convolutions of each block; a block ends in an average over 2×2 pixels.
        convolution: Of all of them.

    Raises:
        UsageError: It is no image, is too small, or there is nothing to build.
    """
    widths = [width for block in blocks for width in block]
    if not all(blocks) or not widths or not all(widths):
        raise UsageError(f"network {network!r} has no convolution", "give at least one width")
    if len(input_shape) != 3:
        raise UsageError(
            f"network {network!r} takes images [C, H, W], got samples of shape {list(input_shape)}",
            "choose the network 'dense'",
        )
    channels, height, width = input_shape
    if _left(min(height, width), blocks, convolution) < 1:
        least = next(side for side in count(1) if _left(side, blocks, convolution) >= 1)
        raise UsageError(
            f"network {network!r} pools {len(blocks)} times: {height}×{width} is too small to pool",
            f"it takes {least}×{least} and larger; give fewer stages, or choose the network 'dense'",
        )
    return channels, height, width


def _left(side: int, blocks: Sequence[Sequence[int]], convolution: Convolution) -> int:
    """Return the side of the image after all ``blocks``; 0 or less where it vanishes on the way."""
    for block in blocks:
        for _ in block:
            side = convolution.size(side)
            if side < 1:
                return side
        side //= 2
    return side


def stage(
    inputs: int, outputs: int, convolution: Convolution, norm: Norm, generator: torch.Generator
) -> list[nn.Module]:
    """Return a convolution without bias, Kaiming-normal by fan-out, and its BatchNorm."""
    layer: nn.Conv2d = nn.utils.skip_init(  # type: ignore[no-untyped-call]
        nn.Conv2d,
        inputs,
        outputs,
        convolution.kernel,
        stride=convolution.stride,
        padding=convolution.padding,
        bias=False,
    )
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu", generator=generator)
    batch_norm = nn.BatchNorm2d(outputs)
    return [layer, PerStep(batch_norm) if norm == "per_step" else batch_norm]


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
