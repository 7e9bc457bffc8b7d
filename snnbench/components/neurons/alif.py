"""LIF with an adaptive threshold (Bellec et al. 2018, NeurIPS, the LSNN)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.neurons import SPECS
from snnbench.components.neurons.parameters import DECAY, THRESHOLD, Given, Population, each, log_decay, read
from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "alif")


class ALIF(Neuron):
    """Leaky integrate-and-fire neurons whose threshold each spike raises.

    State: u and b, each ``[B, *features]``.
    ``detach_reset`` keeps the gradient out of the reset, not out of the adaptation.
    ``snnbench show alif`` has the equation and the parameters.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − ϑ``.
        generator: Draws what is given as a distribution.
    """

    states = ("membrane", "adaptation")
    pushes = True
    threshold: float | Tensor

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        beta: Given = _DEFAULT.beta,
        rho: Given = _DEFAULT.rho,
        threshold: Given = _DEFAULT.threshold,
        kappa: float = _DEFAULT.kappa,
        detach_reset: bool = _DEFAULT.detach_reset,
    ) -> None:
        super().__init__()
        population = Population(self, features, generator)
        decays = population.numbers("beta", beta, DECAY)
        population.put("beta", decays)
        population.put("gain", each(lambda decay: 1 - decay, decays))
        population.hold("rho", rho, DECAY)
        population.hold("threshold", threshold, THRESHOLD)
        self.kappa = kappa
        self.surrogate = surrogate
        self.detach_reset = detach_reset

    def initial_state(self, x_t: Tensor) -> State:
        return torch.zeros_like(x_t), torch.zeros_like(x_t)

    def previous_spikes(self, state: State) -> Tensor:
        u, b = state
        return self.surrogate(u - read(self, "threshold", u) - self.kappa * b)

    def step_after(self, x_t: Tensor, state: State, spikes: Tensor) -> tuple[Tensor, State]:
        u, b = state
        b = read(self, "rho", b) * b + spikes
        threshold = read(self, "threshold", b) + self.kappa * b
        reset = threshold * (spikes.detach() if self.detach_reset else spikes)
        u = read(self, "beta", u) * u + read(self, "gain", u) * x_t - reset
        return self.previous_spikes((u, b)), (u, b)

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return self.threshold, 1.0

    def leak_exponent(self) -> float | None:
        return max(log_decay(self, "beta"), log_decay(self, "rho"))
