"""The reference engine: one step after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

State: TypeAlias = tuple[Tensor, ...]
Step: TypeAlias = Callable[[Tensor, State], tuple[Tensor, State]]


def run(step: Step, x: Tensor, state: State) -> tuple[Tensor, State]:
    """Apply ``step`` to ``x[0] … x[T−1]`` in order.

    Args:
        step: Maps the input and state of one step to its output and the next state.
        x: Input over time, ``[T, B, *features]``, T ≥ 1.
        state: State before the first step.

    Returns:
        The outputs, ``[T, B, *]``, and the state after the last step.
    """
    outputs = []
    for x_t in x.unbind(0):
        y_t, state = step(x_t, state)
        outputs.append(y_t)
    return torch.stack(outputs), state
