"""Recurrent leaky integrate-and-fire: LIF whose spikes return through a dense matrix."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from snnbench.components.neurons.parameters import DECAY, THRESHOLD, Given, Population, log_decay, read
from snnbench.engine.eager import State
from snnbench.engine.neuron import Neuron
from snnbench.engine.surrogate import Surrogate
from snnbench.engine.tangents import Pushed, push_recurrent


class RLIF(Neuron):
    """``u = β·u' + x + ρ·W s' − θ·s'``; ``s = H(u − θ)``; a prime marks the previous step. State: u.

    Args:
        features: Shape of the population; W is ``[H, H]`` with H their product.
        surrogate: Spike function of ``u − θ``.
        generator: Draws W, Xavier-uniform, then what is given as a distribution.
        beta: Membrane decay β, 1/step.
        threshold: θ.
        rec_strength: ρ.
        rec_init_scale: Gain of W's distribution.
        detach_reset: Keep the gradient out of the reset (not out of the recurrence).
    """

    pushes = True
    threshold: float | Tensor

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        beta: Given = 0.95,
        threshold: Given = 1.0,
        rec_strength: float = 1.0,
        rec_init_scale: float = 1.0,
        detach_reset: bool = False,
    ) -> None:
        super().__init__()
        width = math.prod(features)
        self.weight = nn.Parameter(torch.empty(width, width))
        nn.init.xavier_uniform_(self.weight, gain=rec_init_scale, generator=generator)
        self.surrogate = surrogate
        population = Population(self, features, generator)
        population.hold("beta", beta, DECAY)
        population.hold("threshold", threshold, THRESHOLD)
        self.rec_strength = rec_strength
        self.detach_reset = detach_reset

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def previous_spikes(self, state: State) -> Tensor:
        return self.spikes(state[0])

    def step_after(self, x_t: Tensor, state: State, spikes: Tensor) -> tuple[Tensor, State]:
        return self.advance(x_t, (self.mix(spikes), spikes, *state))

    def push(
        self, x_t: Tensor, state: State, dx: Tensor | None, dstate: State, *, last: bool = False
    ) -> Pushed:
        return push_recurrent(self, x_t, state, dx, dstate, last=last)

    def spikes(self, u: Tensor) -> Tensor:
        return self.surrogate(u - read(self, "threshold", u))

    def mix(self, s: Tensor) -> Tensor:
        return nn.functional.linear(s.flatten(1), self.weight).view_as(s)

    def advance(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Output and next state from ``(W s', s', u')``."""
        recurrent, s, u = state
        reset = read(self, "threshold", u) * (s.detach() if self.detach_reset else s)
        u = read(self, "beta", u) * u + x_t + self.rec_strength * recurrent - reset
        return self.spikes(u), (u,)

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return (self.threshold,)

    def leak_exponent(self) -> float | None:
        return log_decay(self, "beta")
