"""The simple model of Izhikevich (2003, IEEE Transactions on Neural Networks 14(6), eqs. 1-3)."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from snnbench.components.neurons import SPECS
from snnbench.components.neurons.parameters import Given, Population, each, read
from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "izhikevich")

PEAK = 30.0
"""Apex of a spike, mV."""
REST = -65.0
"""Where the paper starts the membrane, mV."""


class Izhikevich(Neuron):
    """Izhikevich's simple model, in Euler steps.

    A spike acts within its step. The
    defaults are the paper's regular spiking cell, which fires from an input of about 0.4 on. It starts
    as the paper does, at v = −65 mV and w = b·v. State: v, mV, and w, mV/ms, each ``[B, *features]``.
    ``snnbench show izhikevich`` has the equation and the parameters.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``(v − 30)/(30 − c)``: surrogates are made for thresholds of order 1.
        generator: Draws what is given as a distribution.
    """

    states = ("membrane", "recovery")
    pushes = True

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        a: Given = _DEFAULT.a,
        b: float = _DEFAULT.b,
        c: float = _DEFAULT.c,
        d: float = _DEFAULT.d,
        dt: float = _DEFAULT.dt,
        gain: float = _DEFAULT.gain,
        detach_reset: bool = _DEFAULT.detach_reset,
    ) -> None:
        super().__init__()
        population = Population(self, features, generator)
        population.put("rate", each(lambda a: dt * a, population.numbers("a", a, (0.0, math.inf))))
        self.b = b
        self.c = c
        self.d = d
        self.dt = dt
        self.gain = gain
        self.surrogate = surrogate
        self.detach_reset = detach_reset

    def initial_state(self, x_t: Tensor) -> State:
        v = torch.full_like(x_t, REST)
        return v, self.b * v

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        v, w = state
        new_v = v + self.dt * (0.04 * v * v + 5 * v + 140 - w + self.gain * x_t)
        w = w + read(self, "rate", v) * (self.b * v - w)
        s = self.surrogate((new_v - PEAK) / (PEAK - self.c))
        r = s.detach() if self.detach_reset else s
        return s, ((1 - r) * new_v + r * self.c, w + r * self.d)

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return PEAK - REST, PEAK - REST  # mV, and mV/ms
