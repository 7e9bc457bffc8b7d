"""Convolutional network for images of any size and number of channels."""

from __future__ import annotations

import torch
from torch import nn

from snnbench.components.networks.blocks import Convolution, Dropout, Norm, Population, check_image, stage
from snnbench.components.networks.dense import linear
from snnbench.core.network import Network


def conv(
    input_shape: tuple[int, ...],
    classes: int,
    neuron: Population,
    generator: torch.Generator,
    *,
    channels: tuple[int, ...] = (64, 128, 256),
    kernel: int = 3,
    stride: int = 1,
    padding: int = 1,
    dropout: float = 0.2,
    norm: Norm = "all_steps",
) -> Network:
    """[conv → BatchNorm → neuron → AvgPool 2]*, summed over time → dropout → Linear.

    The last pooling follows the sum over time: the same number, T times cheaper.

    Args:
        input_shape: ``(C, H, W)`` of one encoded sample at one step.
        classes: Number of logits.
        neuron: Makes a population of the given shape; usual is β 0.9, θ 1.
        generator: Draws the weights and the seed of the dropout.
        channels: Width of each stage.
        kernel: Side of the kernels of all convolutions, pixels.
        stride: Of all convolutions, pixels.
        padding: Zeros at each border of the input of a convolution, pixels.
        dropout: Probability of an input of the classifier to be dropped.
        norm: BatchNorm's statistics in training: over the T·B·H·W values of ``all_steps`` at once, or
            ``per_step`` over B·H·W, which updates its running statistics T times a batch.

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
