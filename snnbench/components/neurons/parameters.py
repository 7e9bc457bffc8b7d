"""Decays and thresholds: a number, or a parameter that is learned within bounds.

A learned value outside its bounds counts as the nearest bound, and still has the gradient of that bound, so
that it can come back. ``Neuron.project`` puts it back after each optimiser step.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import torch
from torch import Tensor, nn

from snnbench.engine.neuron import Bounds, Neuron

Value: TypeAlias = float | nn.Parameter

DECAY: Final[Bounds] = (0.0, 1.0)
THRESHOLD: Final[Bounds] = (1e-6, math.inf)
"""Above 0: a neuron whose threshold is 0 or below fires without input."""


def hold(
    neuron: Neuron, name: str, value: float, bounds: Bounds, *, learn: bool, shape: tuple[int, ...]
) -> None:
    """Give ``neuron`` the attribute ``name``: a float, or a parameter to be learned.

    Args:
        neuron: Whose attribute it is.
        name: Of the attribute.
        value: Where it starts.
        bounds: Least and greatest value that it may learn.
        learn: Make it a parameter.
        shape: Of the parameter: ``()`` is one value for all neurons.
    """
    if not learn:
        setattr(neuron, name, float(value))
        return
    neuron.register_parameter(name, nn.Parameter(torch.full(shape, float(value))))
    neuron.bounds[name] = bounds


def read(neuron: Neuron, name: str, like: Tensor) -> float | Tensor:
    """Return the value of ``name`` for arithmetic that keeps the dtype of ``like``."""
    value: float | Tensor = getattr(neuron, name)
    if isinstance(value, float):
        return value
    return within(value, neuron.bounds[name]).to(like.dtype)


def within(value: Tensor, bounds: Bounds) -> Tensor:
    """Return ``value`` clipped to ``bounds``, with derivative 1 everywhere.

    The derivative of a clip is 0 outside: a value that overstepped its bound could never come back.
    """
    fixed = value.detach()
    return fixed.clamp(*bounds) + (value - fixed)  # the second term is exactly 0


def log_decay(neuron: Neuron, name: str) -> float:
    """Natural logarithm of the slowest decay, nats a step; −∞ for no memory."""
    value: float | Tensor = getattr(neuron, name)
    slowest = value if isinstance(value, float) else float(value.detach().clamp(0, 1).max())
    return math.log(slowest) if slowest > 0 else -math.inf
