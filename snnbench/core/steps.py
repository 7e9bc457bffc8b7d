"""A network takes a time step layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from torch import Tensor, nn

from snnbench.core.eager import State
from snnbench.core.neuron import Neuron

Advance: TypeAlias = Callable[[Neuron, Tensor, State], tuple[Tensor, State]]
"""``(population, input, its state) -> (output, next state)``."""


def own_step(neuron: Neuron, x_t: Tensor, state: State) -> tuple[Tensor, State]:
    """Take the step of ``neuron`` as it is."""
    return neuron.step(x_t, state)


def step_layers(
    layers: Iterable[nn.Module], x_t: Tensor, state: State, advance: Advance = own_step
) -> tuple[Tensor, State]:
    """Take one step of ``layers``.

    Args:
        layers: Stateless modules and populations.
        x_t: Input, ``[B, *]``.
        state: The states of the populations, one after another.
        advance: Takes the step of each population.

    Returns:
        The last layer's output, ``[B, *]``, and the next state.
    """
    following: list[Tensor] = []
    for layer in layers:
        if isinstance(layer, Neuron):
            own = state[len(following) : len(following) + len(layer.states)]
            x_t, new = advance(layer, x_t, own)
            following += new
        else:
            x_t = layer(x_t)
    return x_t, tuple(following)
