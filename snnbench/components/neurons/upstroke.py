"""Define what the integrators with an upstroke share: an Euler step, and a reset to a value."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.neurons.parameters import TIME, Given, Population, each, read
from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError


class Upstroke(Neuron):
    """``u = u' + (dt/τ)·(f(u') + x)``; ``s = H(u − θ)``: abstract; subclasses give ``drift``, f.

    A prime marks the previous step. A spike sets u to u_reset within its step, so u is never above θ.
    What a spike wipes has no true derivative: ``lambda_true`` of neurons that fire is −∞.

    State: u, dimensionless, ``[B, *features]``.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.
        tau: Time constant τ, ms.
        dt: Euler step, ms, at most τ.
        u_rest: Rest without input, where u starts.
        threshold: θ, where the upstroke counts as a spike.
        u_reset: Membrane after a spike.
        detach_reset: Keep the gradient out of the reset.

    Raises:
        UsageError: dt > τ.
    """

    pushes = True

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        tau: Given,
        dt: float,
        u_rest: float,
        threshold: float,
        u_reset: float,
        detach_reset: bool,
    ) -> None:
        super().__init__()
        population = Population(self, features, generator)
        population.put("rate", each(lambda tau: self._rate(dt, tau), population.numbers("tau", tau, TIME)))
        self.u_rest = u_rest
        self.threshold = threshold
        self.u_reset = u_reset
        self.surrogate = surrogate
        self.detach_reset = detach_reset

    def _rate(self, dt: float, tau: float) -> float:
        if dt > tau:
            name = type(self).__name__.lower()
            raise UsageError(f"neuron {name!r}: dt={dt} ms is longer than tau={tau} ms", "make dt smaller")
        return dt / tau

    def drift(self, u: Tensor) -> Tensor:
        """Return f(u), the rate at which u moves by itself."""
        raise NotImplementedError

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.full_like(x_t, self.u_rest),)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        (u,) = state
        u = u + read(self, "rate", u) * (self.drift(u) + x_t)
        s = self.surrogate(u - self.threshold)
        r = s.detach() if self.detach_reset else s
        return s, ((1 - r) * u + r * self.u_reset,)

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return (self.threshold - self.u_rest,)
