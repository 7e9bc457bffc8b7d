"""An engine runs a population over time; the reference engine takes one step after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol, TypeAlias

import torch
from torch import Tensor, nn

State: TypeAlias = tuple[Tensor, ...]
Step: TypeAlias = Callable[[Tensor, State], tuple[Tensor, State]]


class Stepping(Protocol):
    """An engine runs such a population, one with a pure step."""

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]: ...
    def previous_spikes(self, state: State) -> Tensor | None: ...
    def step_after(self, x_t: Tensor, state: State, spikes: Tensor) -> tuple[Tensor, State]: ...
    def parameters(self) -> Iterator[nn.Parameter]: ...
    def buffers(self) -> Iterator[Tensor]: ...


class Engine(Protocol):
    """An engine runs populations over time. One engine serves all populations of a network.

    Attributes:
        name: As a result records it.
    """

    name: str

    def run(self, neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Apply ``neuron.step`` to ``x[0] … x[T−1]`` in order.

        Args:
            neuron: Left unchanged.
            x: Input over time, ``[T, B, *features]``, T ≥ 1.
            state: State before the first step.

        Returns:
            The outputs, ``[T, B, *]``, and the state after the last step; differentiable.
        """


class Eager:
    """The reference engine takes one step after the other in eager mode."""

    name = "eager"

    def run(self, neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, State]:
        if not state:  # nothing passes from a step to the next: all of them are one batch
            outputs, _ = neuron.step(x.flatten(0, 1), state)
            return outputs.view(*x.shape[:2], *outputs.shape[1:]), state
        spikes = neuron.previous_spikes(state) if _can_hand_on(neuron) else None
        if spikes is None:
            return run(neuron.step, x, state)
        collected: list[Tensor] = []
        for x_t in x.unbind(0):
            spikes, state = neuron.step_after(x_t, state, spikes)
            collected.append(spikes)
        return torch.stack(collected), state

    def __repr__(self) -> str:
        return "Eager()"


EAGER: Final = Eager()


def _can_hand_on(neuron: Stepping) -> bool:
    """Return whether ``step_after`` describes the same model as ``step``.

    It does not where a subclass, or the object itself, has replaced ``step`` alone.
    """
    step, step_after = (_owner(type(neuron), name) for name in ("step", "step_after"))
    return issubclass(step_after, step) and "step" not in vars(neuron)


def _owner(kind: type, name: str) -> type:
    """Return the class among the bases of ``kind`` that defines the method ``name``."""
    return next(base for base in kind.__mro__ if name in vars(base))


def run(step: Step, x: Tensor, state: State) -> tuple[Tensor, State]:
    """Apply ``step`` to ``x[0] … x[T−1]`` in order: the outputs and the last state, as ``Engine.run``."""
    outputs = []
    for x_t in x.unbind(0):
        y_t, state = step(x_t, state)
        outputs.append(y_t)
    return torch.stack(outputs), state
