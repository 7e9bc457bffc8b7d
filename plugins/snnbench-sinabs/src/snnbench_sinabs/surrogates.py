"""Sinabs's surrogate gradients: functions of a membrane and its threshold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import torch
from sinabs import activation
from torch import Tensor

from snnbench import Surrogate, spikes_are_frozen

Gradient: TypeAlias = Callable[[Tensor, Tensor | float], Tensor]


class SinabsSurrogate(Surrogate):
    """One of sinabs's; a neuron of sinabs gets ``function`` itself, with its own threshold.

    Elsewhere the threshold is taken for 1, of which those that scale with it know nothing else.

    Args:
        function: Of ``sinabs.activation``.
        **params: Its parameters.
    """

    def __init__(self, function: Callable[..., Gradient], **params: float) -> None:
        self.function = function(**params)

    def derivative(self, z: Tensor) -> Tensor:
        return self.function(z + 1, 1.0).to(z.dtype)


def gradient_of(surrogate: Surrogate) -> Gradient:
    """Return what sinabs takes as ``surrogate_grad_fn``, at each call anew: the derivative may change."""
    if spikes_are_frozen():
        return _none
    return surrogate.function if isinstance(surrogate, SinabsSurrogate) else partial(_derivative, surrogate)


def _none(v_mem: Tensor, spike_threshold: Tensor | float) -> Tensor:
    return torch.zeros_like(v_mem)


def _derivative(surrogate: Surrogate, v_mem: Tensor, spike_threshold: Tensor | float) -> Tensor:
    return surrogate.derivative(v_mem - spike_threshold)


heaviside = partial(SinabsSurrogate, activation.Heaviside)
gaussian = partial(SinabsSurrogate, activation.Gaussian)
multi_gaussian = partial(SinabsSurrogate, activation.MultiGaussian)
single_exponential = partial(SinabsSurrogate, activation.SingleExponential)
periodic_exponential = partial(SinabsSurrogate, activation.PeriodicExponential)
