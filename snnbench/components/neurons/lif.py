"""Leaky integrate-and-fire (Neftci, Mostafa & Zenke 2019, IEEE SPM 36(6), eqs. 3-4)."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.neurons.parameters import (
    DECAY,
    THRESHOLD,
    Given,
    Population,
    is_uniform,
    log_decay,
    read,
)
from snnbench.components.neurons.reset import Reset, apply_reset, kept
from snnbench.engine.eager import State
from snnbench.engine.neuron import Kept, Neuron
from snnbench.engine.surrogate import Surrogate


class LIF(Neuron):
    """``u = β·u' + x − θ·s'``; ``s = H(u − θ)``; a prime marks the previous step. State: u.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.
        beta: Membrane decay β, 1/step.
        threshold: θ.
        reset: ``subtract`` as above; ``zero``: ``u = β·(1 − s')·u' + x``; ``none``.
        reset_delay: False applies the reset within the step of the spike.
        detach_reset: Keep the gradient out of the reset.
        learn_beta: Train β.
        learn_threshold: Train θ.
        per_neuron: One learned value a neuron instead of one a layer.
    """

    pushes = True
    beta: float | Tensor
    threshold: float | Tensor

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        beta: Given = 0.95,
        threshold: Given = 1.0,
        reset: Reset = "subtract",
        reset_delay: bool = True,
        detach_reset: bool = False,
        learn_beta: bool = False,
        learn_threshold: bool = False,
        per_neuron: bool = False,
    ) -> None:
        super().__init__()
        population = Population(self, features, generator)
        population.hold("beta", beta, DECAY, learn=learn_beta, per_neuron=per_neuron)
        population.hold("threshold", threshold, THRESHOLD, learn=learn_threshold, per_neuron=per_neuron)
        self.surrogate = surrogate
        self.reset: Reset = reset
        self.reset_delay = reset_delay
        self.detach_reset = detach_reset

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def previous_spikes(self, state: State) -> Tensor | None:
        (u,) = state
        return self.surrogate(u - read(self, "threshold", u)) if self.reset_delay else None

    def step_after(self, x_t: Tensor, state: State, spikes: Tensor) -> tuple[Tensor, State]:
        (u,) = state
        threshold = read(self, "threshold", u)
        u = self._reset(self.membrane_decay(u) * u, spikes, threshold) + x_t
        return self.surrogate(u - threshold), (u,)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        if self.reset_delay:
            return super().step(x_t, state)
        (u,) = state
        threshold = read(self, "threshold", u)
        u = self.membrane_decay(u) * u + x_t
        s = self.surrogate(u - threshold)
        return s, (self._reset(u, s, threshold),)

    def membrane_decay(self, like: Tensor) -> float | Tensor:
        """β for arithmetic that keeps the dtype of ``like``."""
        return read(self, "beta", like)

    def _reset(self, u: Tensor, s: Tensor, threshold: float | Tensor) -> Tensor:
        return apply_reset(u, s.detach() if self.detach_reset else s, threshold, self.reset)

    def kept(self) -> Kept | None:
        if not is_uniform(self):
            return None
        return kept(self.reset, detached=self.detach_reset)

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return (self.threshold,)

    def leak_exponent(self) -> float | None:
        return None if self.reset == "zero" else log_decay(self, "beta")


def integrate_and_fire(
    features: tuple[int, ...],
    surrogate: Surrogate,
    generator: torch.Generator,
    *,
    threshold: Given = 1.0,
    reset: Reset = "subtract",
    reset_delay: bool = True,
    detach_reset: bool = False,
    learn_threshold: bool = False,
    per_neuron: bool = False,
) -> LIF:
    """``LIF`` without leak: β = 1. Arguments as for ``LIF``."""
    return LIF(
        features,
        surrogate,
        generator,
        beta=1.0,
        threshold=threshold,
        reset=reset,
        reset_delay=reset_delay,
        detach_reset=detach_reset,
        learn_threshold=learn_threshold,
        per_neuron=per_neuron,
    )
