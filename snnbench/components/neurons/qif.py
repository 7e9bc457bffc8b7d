"""Quadratic integrate-and-fire (Gerstner et al. 2014, Neuronal Dynamics, section 5.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.engine.eager import State
from snnbench.engine.neuron import Neuron
from snnbench.engine.surrogate import Surrogate
from snnbench.errors import UsageError


class QIF(Neuron):
    """``u = u' + (dt/τ)·(a·(u' − u_rest)·(u' − u_crit) + x)``; ``s = H(u − θ)``.

    A prime marks the previous step. A spike sets u to u_reset within its step, so u is never above θ.
    With the defaults a steady input fires above 0.16. What a spike wipes has no true derivative:
    ``lambda_true`` of neurons that fire is −∞.

    State: u, dimensionless, ``[B, *features]``.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Not used: nothing is drawn.
        tau: Time constant τ, ms.
        dt: Euler step, ms, at most τ.
        a: Curvature.
        u_rest: Stable rest without input.
        u_crit: Without input, u grows of itself above it.
        threshold: θ, where the upstroke counts as a spike.
        u_reset: Membrane after a spike.
        detach_reset: Keep the gradient out of the reset.

    Raises:
        UsageError: dt > τ.
    """

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        tau: float = 5.0,
        dt: float = 1.0,
        a: float = 1.0,
        u_rest: float = 0.0,
        u_crit: float = 0.8,
        threshold: float = 1.0,
        u_reset: float = -0.1,
        detach_reset: bool = False,
    ) -> None:
        super().__init__()
        if dt > tau:
            raise UsageError(f"neuron 'qif': dt={dt} ms is longer than tau={tau} ms", "make dt smaller")
        self.rate = dt / tau
        self.a = a
        self.u_rest = u_rest
        self.u_crit = u_crit
        self.threshold = threshold
        self.u_reset = u_reset
        self.surrogate = surrogate
        self.detach_reset = detach_reset

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.full_like(x_t, self.u_rest),)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        (u,) = state
        u = u + self.rate * (self.a * (u - self.u_rest) * (u - self.u_crit) + x_t)
        s = self.surrogate(u - self.threshold)
        r = s.detach() if self.detach_reset else s
        return s, ((1 - r) * u + r * self.u_reset,)
