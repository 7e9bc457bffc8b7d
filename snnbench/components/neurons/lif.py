"""Leaky integrate-and-fire (Neftci, Mostafa & Zenke 2019, IEEE SPM 36(6), eqs. 3-4)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.neurons import SPECS
from snnbench.components.neurons.firing import Firing
from snnbench.components.neurons.parameters import (
    DECAY,
    THRESHOLD,
    Given,
    Population,
    log_decay,
    read,
)
from snnbench.components.neurons.reset import Reset, saved_for_backward
from snnbench.core.eager import State
from snnbench.core.neuron import SavedTensors
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT_LIF: Final = defaults(SPECS, "lif")
_DEFAULT_IF: Final = defaults(SPECS, "if")


class LIF(Firing):
    """Leaky integrate-and-fire neurons. State: u.

    With ``inhibition``, a reset one step later is of all that passed θ, one within the step of the
    neuron alone that spiked.
    ``snnbench show lif`` has the equation and the parameters.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.
    """

    pushes = True
    beta: float | Tensor

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        beta: Given = _DEFAULT_LIF.beta,
        threshold: Given = _DEFAULT_LIF.threshold,
        reset: Reset = _DEFAULT_LIF.reset,
        reset_delay: bool = _DEFAULT_LIF.reset_delay,
        detach_reset: bool = _DEFAULT_LIF.detach_reset,
        learn_beta: bool = _DEFAULT_LIF.learn_beta,
        learn_threshold: bool = _DEFAULT_LIF.learn_threshold,
        per_neuron: bool = _DEFAULT_LIF.per_neuron,
        inhibition: bool = _DEFAULT_LIF.inhibition,
        state_bits: int = _DEFAULT_LIF.state_bits,
        state_range: tuple[float, ...] = _DEFAULT_LIF.state_range,
        graded_spikes_factor: float = _DEFAULT_LIF.graded_spikes_factor,
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

    def saved_for_backward(self) -> SavedTensors | None:
        return saved_for_backward(self.reset, detached=self.detach_reset) if self._counted else None

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return (self.threshold,)

    def leak_exponent(self) -> float | None:
        return None if self.reset == "zero" or self.bits else log_decay(self, "beta")


def integrate_and_fire(
    features: tuple[int, ...],
    surrogate: Surrogate,
    generator: torch.Generator,
    *,
    threshold: Given = _DEFAULT_IF.threshold,
    reset: Reset = _DEFAULT_IF.reset,
    reset_delay: bool = _DEFAULT_IF.reset_delay,
    detach_reset: bool = _DEFAULT_IF.detach_reset,
    learn_threshold: bool = _DEFAULT_IF.learn_threshold,
    per_neuron: bool = _DEFAULT_IF.per_neuron,
) -> LIF:
    """Return ``LIF`` without leak: its decay is 1.

    ``snnbench show if`` has the equation and the parameters.
    """
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
