"""Leaky integrator: the membrane readout, and the control that is linear."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.neurons import SPECS
from snnbench.components.neurons.parameters import DECAY, Given, Population, log_decay, read
from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "li")


class LI(Neuron):
    """``u = β·u' + x``, output u. State: u, ``[B, *features]``.

    Args:
        features: Shape of the population; of no account where β is one number.
        generator: Draws β if that is a distribution.
        beta: Membrane decay β, 1/step.
    """

    pushes = True
    beta: float | Tensor

    def __init__(
        self,
        features: tuple[int, ...] = (),
        generator: torch.Generator | None = None,
        *,
        beta: Given = 0.95,
    ) -> None:
        super().__init__()
        Population(self, features, generator or torch.Generator()).hold("beta", beta, DECAY)

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = read(self, "beta", x_t) * state[0] + x_t
        return u, (u,)

    def leak_exponent(self) -> float | None:
        return log_decay(self, "beta")


def leaky_integrator(
    features: tuple[int, ...],
    surrogate: Surrogate | None,
    generator: torch.Generator,
    *,
    beta: Given = _DEFAULT.beta,
) -> LI:
    """Return ``LI`` as a population like any other; the surrogate changes nothing.

    ``snnbench show li`` has the equation and the parameters.
    """
    return LI(features, generator, beta=beta)
