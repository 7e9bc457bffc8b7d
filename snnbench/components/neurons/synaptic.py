"""Second-order LIF: an exponential synapse before the membrane (Neftci et al. 2019, eqs. 1-4)."""

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


class Synaptic(Firing):
    """``i = α·i' + x``; ``u = β·u' + i − θ·s'``; ``s = H(u − θ)``; a prime marks the previous step.

    With ``reset="zero"`` the input of the step is wiped as well: ``u = (1 − s')·(β·u' + i)``.
    State: i and u, each ``[B, *features]``.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.
        alpha: Decay α of the synaptic current, 1/step.
        beta: Membrane decay β, 1/step.
        threshold: θ.
        reset: ``subtract``, ``zero`` or ``none``.
        reset_delay: False applies the reset within the step of the spike.
        detach_reset: Keep the gradient out of the reset.
        learn_alpha: Train α.
        learn_beta: Train β.
        learn_threshold: Train θ.
        per_neuron: One learned value a neuron instead of one a layer.
        inhibition: Only the neuron with the largest ``u − θ`` of a sample spikes. A reset one step later
            is of all that passed θ, one within the step of that neuron alone.
        state_bits: Round the states to ``2^state_bits`` levels after each update; 0 for not at all.
        state_range: The least and the greatest level.
        graded_spikes_factor: Size of an output spike; resets are by spikes of size 1.
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
        alpha: Given = 0.5,
        beta: Given = 0.9,
        threshold: Given = 1.0,
        reset: Reset = "subtract",
        reset_delay: bool = True,
        detach_reset: bool = False,
        learn_alpha: bool = False,
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

    def kept(self) -> Kept | None:
        return (
            kept(self.reset, detached=self.detach_reset, wipes_input=self.reset_delay)
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
