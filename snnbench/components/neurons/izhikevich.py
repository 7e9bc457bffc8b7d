"""The simple model of Izhikevich (2003, IEEE Transactions on Neural Networks 14(6), eqs. 1-3)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from snnbench.components.neurons.parameters import Given, Population, each, read
from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate

PEAK = 30.0
"""Apex of a spike, mV."""
REST = -65.0
"""Where the paper starts the membrane, mV."""


class Izhikevich(Neuron):
    """``v = v' + dt·(0.04·v'² + 5·v' + 140 − w' + g·x)``; ``w = w' + dt·a·(b·v' − w')``; ``s = H(v − 30)``.

    A prime marks the previous step. A spike sets v to c and adds d to w, within its step. The
    defaults are the paper's regular spiking cell. It starts as the paper does, at v = −65 mV and
    w = b·v. State: v, mV, and w, mV/ms, each ``[B, *features]``.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``(v − 30)/(30 − c)``: surrogates are made for thresholds of order 1.
        generator: Draws what is given as a distribution.
        a: Rate of recovery, 1/ms.
        b: Sensitivity of the recovery to v, 1/ms.
        c: v after a spike, mV.
        d: What a spike adds to w, mV/ms.
        dt: Euler step, ms.
        gain: g, mV/ms for an input of 1; regular spiking cells fire from about 4 on.
        detach_reset: Keep the gradient out of the reset of v and w.
    """

    states = ("membrane", "recovery")
    pushes = True

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        a: Given = 0.02,
        b: float = 0.2,
        c: float = -65.0,
        d: float = 8.0,
        dt: float = 0.5,
        gain: float = 10.0,
        detach_reset: bool = False,
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
