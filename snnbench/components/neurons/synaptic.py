"""Second-order LIF: an exponential synapse before the membrane (Neftci et al. 2019, eqs. 1-4)."""

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

_DEFAULT: Final = defaults(SPECS, "synaptic")


class Synaptic(Firing):
    """Leaky integrate-and-fire neurons behind an exponential synapse.

    State: i and u, each ``[B, *features]``.
    With ``reset="zero"`` the input of the step is wiped as well.
    With ``inhibition``, a reset one step later is of all that passed θ, one within the step of the
    neuron alone that spiked.
    ``snnbench show synaptic`` has the equation and the parameters.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.
    """

    states = ("current", "membrane")
    pushes = True
    alpha: float | Tensor
    beta: float | Tensor

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        alpha: Given = _DEFAULT.alpha,
        beta: Given = _DEFAULT.beta,
        threshold: Given = _DEFAULT.threshold,
        reset: Reset = _DEFAULT.reset,
        reset_delay: bool = _DEFAULT.reset_delay,
        detach_reset: bool = _DEFAULT.detach_reset,
        learn_alpha: bool = _DEFAULT.learn_alpha,
        learn_beta: bool = _DEFAULT.learn_beta,
        learn_threshold: bool = _DEFAULT.learn_threshold,
        per_neuron: bool = _DEFAULT.per_neuron,
        inhibition: bool = _DEFAULT.inhibition,
        state_bits: int = _DEFAULT.state_bits,
        state_range: tuple[float, ...] = _DEFAULT.state_range,
        graded_spikes_factor: float = _DEFAULT.graded_spikes_factor,
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
        self.reset_delay = reset_delay
        population = Population(self, features, generator)
        population.hold("alpha", alpha, DECAY, learn=learn_alpha, per_neuron=per_neuron)
        population.hold("beta", beta, DECAY, learn=learn_beta, per_neuron=per_neuron)
        population.hold("threshold", threshold, THRESHOLD, learn=learn_threshold, per_neuron=per_neuron)

    def initial_state(self, x_t: Tensor) -> State:
        return torch.zeros_like(x_t), torch.zeros_like(x_t)

    def previous_spikes(self, state: State) -> Tensor | None:
        return super().previous_spikes(state) if self.reset_delay else None

    def step_after(self, x_t: Tensor, state: State, spikes: Tensor) -> tuple[Tensor, State]:
        i, u = self._integrated(x_t, state)
        i, u = self.rounded(i), self.rounded(self.wipe(u, spikes))
        return self.emit(u), (i, u)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        if self.reset_delay:
            return super().step(x_t, state)
        i, u = map(self.rounded, self._integrated(x_t, state))
        s = self.allowed(self.fire(u), u)
        return self.scaled(s), (i, self.wipe(u, s))

    def _integrated(self, x_t: Tensor, state: State) -> tuple[Tensor, Tensor]:
        i, u = state
        i = read(self, "alpha", u) * i + x_t
        return i, read(self, "beta", u) * u + i

    def saved_for_backward(self) -> SavedTensors | None:
        return (
            saved_for_backward(self.reset, detached=self.detach_reset, wipes_input=self.reset_delay)
            if self._counted
            else None
        )

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return self.threshold, self.threshold

    def leak_exponent(self) -> float | None:
        return (
            None
            if self.reset == "zero" or self.bits
            else max(log_decay(self, "alpha"), log_decay(self, "beta"))
        )
