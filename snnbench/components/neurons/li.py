"""Leaky integrator: the membrane readout, and the control that is linear."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.neurons.parameters import log_decay
from snnbench.engine.eager import State
from snnbench.engine.neuron import Neuron
from snnbench.engine.surrogate import Surrogate


class LI(Neuron):
    """``u = β·u' + x``, output u. State: u, ``[B, *features]``.

    Args:
        beta: Membrane decay β, 1/step.
    """

    pushes = True

    def __init__(self, *, beta: float = 0.95) -> None:
        super().__init__()
        self.beta = beta

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.beta * state[0] + x_t
        return u, (u,)

    def leak_exponent(self) -> float | None:
        return log_decay(self, "beta")


def leaky_integrator(
    features: tuple[int, ...],
    surrogate: Surrogate | None,
    generator: torch.Generator,
    *,
    beta: float = 0.95,
) -> LI:
    """``LI`` as a population like any other; the first three arguments change nothing."""
    return LI(beta=beta)
