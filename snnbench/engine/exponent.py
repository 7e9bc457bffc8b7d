"""A network's largest Lyapunov exponent as a term of a loss (Benettin et al. 1980, Meccanica 15)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import jvp

from snnbench.engine.eager import State
from snnbench.engine.precision import in_single
from snnbench.errors import UsageError


class Recurrent(Protocol):
    """What an exponent is measured on: a module with a pure step."""

    def initial_state(self, x_t: Tensor) -> State: ...
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]: ...
    def modules(self) -> Iterator[nn.Module]: ...


@in_single
def exponent(network: Recurrent, x: Tensor) -> Tensor:
    """Mean growth of one tangent of the whole state over the steps of ``x``, per sample.

    The derivative is the surrogate, as trained; the tangent is renormalised at each step and starts
    in a fixed random direction. A window this short is a finite-time exponent. Batch statistics and
    dropout would couple or perturb samples: layers act as in evaluation mode.

    Args:
        network: Left in the mode it was in.
        x: ``[T, B, *input_shape]``.

    Returns:
        ``[B]``, nats a step, differentiable, in float32 at least, autocast or not; −∞, without a
        gradient, where the tangent was lost.

    Raises:
        UsageError: The network has no memory.
    """
    with _evaluation(network):
        state = network.initial_state(x[0])
        if not state:
            raise UsageError("a network without memory has no exponent", "choose a neuron with a state")
        generator = torch.Generator(x.device).manual_seed(0)
        tangent = tuple(
            torch.randn(part.shape, dtype=part.dtype, device=part.device, generator=generator)
            for part in state
        )
        tangent, _ = _normalise(tangent)
        total = torch.zeros(x.shape[1], dtype=x.dtype, device=x.device)
        for x_t in x:
            pushed = jvp(lambda h, x_t=x_t: network.step(x_t, h)[1], (state,), (tangent,))
            state, (tangent, growth) = pushed[0], _normalise(pushed[1])
            total = total + growth
        return total / len(x)


def _normalise(tangent: State) -> tuple[State, Tensor]:
    """A tangent of length 1 in each sample, and the logarithm of what its length was, ``[B]``."""
    size: Tensor = torch.linalg.vector_norm(torch.cat([part.flatten(1) for part in tangent], 1), dim=1)
    alive = size > 0
    size = size.where(alive, 1)
    unit = tuple(part / size.view(-1, *[1] * (part.ndim - 1)) for part in tangent)
    return unit, size.log().masked_fill(~alive, -torch.inf)


@contextmanager
def _evaluation(network: Recurrent) -> Iterator[None]:
    training = [module for module in network.modules() if module.training]
    try:
        for module in training:
            module.training = False
        yield
    finally:
        for module in training:
            module.training = True
