"""VGG-like network (Simonyan & Zisserman 2015, ICLR) for images of any size and number of channels."""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from snnbench.components.networks import SPECS
from snnbench.components.networks.blocks import Convolution, Dropout, Norm, Population, check_image, stage
from snnbench.components.networks.dense import linear
from snnbench.core.network import Network
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "vgg")


def vgg(
    input_shape: tuple[int, ...],
    classes: int,
    neuron: Population,
    generator: torch.Generator,
    *,
    blocks: tuple[tuple[int, ...], ...] = _DEFAULT.blocks,
    kernel: int = _DEFAULT.kernel,
    stride: int = _DEFAULT.stride,
    padding: int = _DEFAULT.padding,
    hidden: int = _DEFAULT.hidden,
    dropout: float = _DEFAULT.dropout,
    norm: Norm = _DEFAULT.norm,
) -> Network:
    """Build [[conv → BatchNorm → neuron]* → AvgPool 2]* → Linear → neuron, summed → dropout → Linear.

    ``snnbench show vgg`` has the parameters.

    Args:
        input_shape: ``(C, H, W)`` of one encoded sample at one step.
        classes: Number of logits.
        neuron: Makes a population of the given shape; usual is β 0.9, θ 1.
        generator: Draws the weights and the seed of the dropout.

    Raises:
        UsageError: The input is no image, or too small to be pooled once a block.
    """
    convolution = Convolution(kernel, stride, padding)
    inputs, height, width = check_image("vgg", input_shape, blocks, convolution)
    layers: list[nn.Module] = []
    for block in blocks:
        for outputs in block:
            height, width = convolution.size(height), convolution.size(width)
            layers += [
                *stage(inputs, outputs, convolution, norm, generator),
                neuron((outputs, height, width)),
            ]
            inputs = outputs
        layers.append(nn.AvgPool2d(2))
        height, width = height // 2, width // 2
    layers += [nn.Flatten(), linear(inputs * height * width, hidden, generator), neuron((hidden,))]
    classifier = nn.Sequential(Dropout(dropout, generator), linear(hidden, classes, generator))
    return Network(layers, "spike_sum", classifier)
