"""LIF with an adaptive threshold (Bellec et al. 2018, NeurIPS, the LSNN)."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.neurons.parameters import DECAY, THRESHOLD, Given, Population, each, log_decay, read
from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate


class ALIF(Neuron):
    """``b = ρ·b' + s'``; ``ϑ = θ + κ·b``; ``u = β·u' + (1−β)·x − ϑ·s'``; ``s = H(u − ϑ)``.

    A prime marks the previous step. State: u and b, each ``[B, *features]``.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − ϑ``.
        generator: Draws what is given as a distribution.
        beta: Membrane decay β, 1/step.
        rho: Decay ρ of the adaptation, 1/step.
        threshold: θ, at rest; below 1, as a steady input x takes u to x.
        kappa: κ, how much a spike raises the threshold.
        detach_reset: Keep the gradient out of the reset (not out of the adaptation).
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
        beta: Given = 0.95,
        rho: Given = 0.97,
        threshold: Given = 0.1,
        kappa: float = 0.05,
        detach_reset: bool = False,
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
