"""Fully connected network for samples of any shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import torch
from torch import nn

from snnbench.components.networks import SPECS
from snnbench.components.neurons.li import LI
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.core.pooling import Readout
from snnbench.errors import UsageError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "dense")


def dense(
    input_shape: tuple[int, ...],
    classes: int,
    neuron: Callable[[tuple[int, ...]], Neuron],
    generator: torch.Generator,
    *,
    hidden: tuple[int, ...] = _DEFAULT.hidden,
    readout: Readout = _DEFAULT.readout,
    beta_out: float = _DEFAULT.beta_out,
) -> Network:
    """Build Flatten, then Linear and neurons for each hidden layer, then a linear readout.

    A ``spike_*`` readout is Linear on the last layer's outputs pooled over time; a ``membrane_*``
    readout is Linear into a leaky integrator whose membrane, pooled over time, is the logit.
    ``snnbench show dense`` has the parameters.

    Args:
        input_shape: Shape of one encoded sample at one step.
        classes: Number of logits.
        neuron: Makes a population of the given shape.
        generator: Draws the weights, Xavier-uniform; biases start at 0.

    Raises:
        UsageError: There is no hidden layer whose spikes a ``spike_*`` readout could take.
    """
    if not hidden and readout.startswith("spike"):
        raise UsageError(
            f"network 'dense' has no hidden layer, and readout={readout!r} takes the last one's spikes",
            "give hidden=[128], or a readout of the membrane: readout=membrane_mean",
        )
    layers: list[nn.Module] = [nn.Flatten()]
    width = math.prod(input_shape)
    for following in hidden:
        layers += [linear(width, following, generator), neuron((following,))]
        width = following
    last = linear(width, classes, generator)
    if readout.startswith("spike"):
        return Network(layers, readout, last)
    return Network([*layers, last, LI(beta=beta_out)], readout, nn.Identity())


def linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """Return a linear layer: Xavier-uniform weight from ``generator``, bias 0."""
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
