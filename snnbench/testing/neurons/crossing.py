"""Find where a neuron starts to fire: of two neighbouring floats, one leaves it silent and one does not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.neuron import Neuron

HORIZONS: Final = (1, 2, 4, 8)
SCALES: Final = range(-20, 21)


@dataclass(frozen=True)
class Crossing:
    """A crossing is an input to a neuron at rest, followed by nothing.

    Attributes:
        silent: The input that is just too weak.
        firing: The next float: the weakest input that makes it fire.
        step: When it then fires, from 0.
    """

    silent: float
    firing: float
    step: int


def impulse(value: float, steps: int) -> Tensor:
    """Return ``value``, then nothing: ``[T, 1, 1]``, float64."""
    x = torch.zeros(steps, 1, 1, dtype=torch.float64)
    x[0] = value
    return x


def walk(neuron: Neuron, x: Tensor, state: State | None = None) -> list[tuple[Tensor, State]]:
    """Return the output and the state after each step of ``x`` ``[T, B, *features]``."""
    state, steps = neuron.initial_state(x[0]) if state is None else state, []
    for x_t in x:
        y_t, state = neuron.step(x_t, state)
        steps.append((y_t, state))
    return steps


@torch.no_grad()
def find_crossing(neuron: Neuron, sign: int = 1) -> Crossing | None:
    """Return the crossing of a population of one, by bisection; None if there is none.

    Args:
        neuron: Of ``features=(1,)``, in float64.
        sign: −1 for inputs below 0.
    """
    for horizon in HORIZONS:
        if _first_spike(neuron, 0.0, horizon) is not None:
            return None  # it fires at rest
        lower = 0.0
        for exponent in SCALES:
            upper = sign * 2.0**exponent
            if _first_spike(neuron, upper, horizon) is not None:
                return _bisect(neuron, lower, upper, horizon)
            lower = upper
    return None


def _bisect(neuron: Neuron, silent: float, firing: float, horizon: int) -> Crossing:
    while math.nextafter(silent, firing) != firing:
        middle = silent + (firing - silent) / 2
        if _first_spike(neuron, middle, horizon) is None:
            silent = middle
        else:
            firing = middle
    step = _first_spike(neuron, firing, horizon)
    assert step is not None
    return Crossing(silent, firing, step)


def _first_spike(neuron: Neuron, value: float, horizon: int) -> int | None:
    """Return the step of the first output that is not 0 under an impulse of ``value``."""
    for step, (y, _) in enumerate(walk(neuron, impulse(value, horizon))):
        if bool((y != 0).any()):
            return step
    return None
