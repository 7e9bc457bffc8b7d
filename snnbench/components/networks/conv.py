"""Convolutional network for images of any size and number of channels."""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from snnbench.components.networks import SPECS
from snnbench.components.networks.blocks import Convolution, Dropout, Norm, Population, check_image, stage
from snnbench.components.networks.dense import linear
from snnbench.core.network import Network
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "conv")


def conv(
    input_shape: tuple[int, ...],
    classes: int,
    neuron: Population,
    generator: torch.Generator,
    *,
    channels: tuple[int, ...] = _DEFAULT.channels,
    kernel: int = _DEFAULT.kernel,
    stride: int = _DEFAULT.stride,
    padding: int = _DEFAULT.padding,
    dropout: float = _DEFAULT.dropout,
    norm: Norm = _DEFAULT.norm,
) -> Network:
    """Build [conv → BatchNorm → neuron → AvgPool 2]*, summed over time → dropout → Linear.

    The last pooling follows the sum over time: the same number, T times cheaper.
    ``all_steps`` normalises over the T·B·H·W values at once; ``per_step`` over B·H·W, and so it updates the
    running statistics T times a batch.
    ``snnbench show conv`` has the parameters.

    Args:
        input_shape: ``(C, H, W)`` of one encoded sample at one step.
        classes: Number of logits.
        neuron: Makes a population of the given shape; usual is β 0.9, θ 1.
        generator: Draws the weights and the seed of the dropout.

    Raises:
        UsageError: The input is no image, or too small to be pooled once a stage.
    """
    convolution = Convolution(kernel, stride, padding)
    inputs, height, width = check_image("conv", input_shape, [[one] for one in channels], convolution)
    layers: list[nn.Module] = []
    for outputs in channels:
        height, width = convolution.size(height), convolution.size(width)
        layers += [
            *stage(inputs, outputs, convolution, norm, generator),
            neuron((outputs, height, width)),
            nn.AvgPool2d(2),
        ]
        inputs, height, width = outputs, height // 2, width // 2
    last = linear(inputs * height * width, classes, generator)
    classifier = nn.Sequential(layers.pop(), nn.Flatten(), Dropout(dropout, generator), last)
    return Network(layers, "spike_sum", classifier)
