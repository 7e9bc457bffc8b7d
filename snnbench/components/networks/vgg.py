"""VGG-like network (Simonyan & Zisserman 2015, ICLR) for images of any size and number of channels."""

from __future__ import annotations

import torch
from torch import nn

from snnbench.components.networks.blocks import Convolution, Dropout, Norm, Population, check_image, stage
from snnbench.components.networks.dense import linear
from snnbench.core.network import Network


def vgg(
    input_shape: tuple[int, ...],
    classes: int,
    neuron: Population,
    generator: torch.Generator,
    *,
    blocks: tuple[tuple[int, ...], ...] = ((64, 64), (128, 128), (256, 256)),
    kernel: int = 3,
    stride: int = 1,
    padding: int = 1,
    hidden: int = 512,
    dropout: float = 0.3,
    norm: Norm = "all_steps",
) -> Network:
    """[[conv → BatchNorm → neuron]* → AvgPool 2]* → Linear → neuron, summed over time → dropout → Linear.

    Args:
        input_shape: ``(C, H, W)`` of one encoded sample at one step.
        classes: Number of logits.
        neuron: Makes a population of the given shape; usual is β 0.9, θ 1.
        generator: Draws the weights and the seed of the dropout.
        blocks: Widths of the convolutions of each block.
        kernel: Side of the kernels of all convolutions, pixels.
        stride: Of all convolutions, pixels.
        padding: Zeros at each border of the input of a convolution, pixels.
        hidden: Width of the fully connected layer.
        dropout: Probability of an input of the classifier to be dropped.
        norm: As for the network ``conv``.

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
