"""Leaky integrate-and-fire (Neftci, Mostafa & Zenke 2019, IEEE SPM 36(6), eqs. 3-4)."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.neurons.firing import LEVELS, Firing
from snnbench.components.neurons.parameters import (
    DECAY,
    THRESHOLD,
    Given,
    Population,
    log_decay,
    read,
)
from snnbench.components.neurons.reset import Reset, kept
from snnbench.core.eager import State
from snnbench.core.neuron import Kept
from snnbench.core.surrogate import Surrogate


class LIF(Firing):
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
        inhibition: Only the neuron with the largest ``u − θ`` of a sample spikes. A reset one step later
            is of all that passed θ, one within the step of that neuron alone.
        state_bits: Round the states to ``2^state_bits`` levels after each update; 0 for not at all.
        state_range: The least and the greatest level.
        graded_spikes_factor: Size of an output spike; resets are by spikes of size 1.
    """

    pushes = True
    beta: float | Tensor

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
        inhibition: bool = False,
        state_bits: int = 0,
        state_range: tuple[float, ...] = LEVELS,
        graded_spikes_factor: float = 1.0,
    ) -> None:
        super().__init__(
            surrogate,
            reset,
            detach_reset=detach_reset,
            inhibition=inhibition,
            bits=state_bits,
            levels=state_range,
            factor=graded_spikes_factor,
        )
        population = Population(self, features, generator)
        population.hold("beta", beta, DECAY, learn=learn_beta, per_neuron=per_neuron)
        population.hold("threshold", threshold, THRESHOLD, learn=learn_threshold, per_neuron=per_neuron)
        self.reset_delay = reset_delay

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def previous_spikes(self, state: State) -> Tensor | None:
        return super().previous_spikes(state) if self.reset_delay else None

    def step_after(self, x_t: Tensor, state: State, spikes: Tensor) -> tuple[Tensor, State]:
        (u,) = state
        u = self.rounded(self.wipe(self.membrane_decay(u) * u, spikes) + x_t)
        return self.emit(u), (u,)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        if self.reset_delay:
            return super().step(x_t, state)
        (u,) = state
        u = self.rounded(self.membrane_decay(u) * u + x_t)
        s = self.allowed(self.fire(u), u)
        return self.scaled(s), (self.wipe(u, s),)

    def membrane_decay(self, like: Tensor) -> float | Tensor:
        """β for arithmetic that keeps the dtype of ``like``."""
        return read(self, "beta", like)

    def kept(self) -> Kept | None:
        return kept(self.reset, detached=self.detach_reset) if self._counted else None

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return (self.threshold,)

    def leak_exponent(self) -> float | None:
        return None if self.reset == "zero" or self.bits else log_decay(self, "beta")


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
