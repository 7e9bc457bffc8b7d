"""Recurrent leaky integrate-and-fire: LIF whose spikes return through a dense matrix."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

from snnbench.components.neurons import SPECS
from snnbench.components.neurons.firing import Firing
from snnbench.components.neurons.parameters import DECAY, THRESHOLD, Given, Population, log_decay, read
from snnbench.components.neurons.reset import Reset
from snnbench.core.eager import State
from snnbench.core.surrogate import Surrogate
from snnbench.core.tangents import Pushed, push_elementwise, push_recurrent
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "rlif")


class RLIF(Firing):
    """Leaky integrate-and-fire neurons whose spikes return through a dense matrix W. State: u.

    With ``reset_delay=False`` the spikes are part of the state. With ``reset="zero"`` the input of
    the step is wiped as well. ``detach_reset`` keeps the gradient out of the reset, not out
    of the recurrence.
    With ``inhibition``, a reset one step later is of all that passed θ, one within the step of the
    neuron alone that spiked.
    ``snnbench show rlif`` has the equation and the parameters.

    Args:
        features: Shape of the population; W is ``[H, H]`` with H their product.
        surrogate: Spike function of ``u − θ``.
        generator: Draws W, Xavier-uniform, then what is given as a distribution.
    """

    pushes = True

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        beta: Given = _DEFAULT.beta,
        threshold: Given = _DEFAULT.threshold,
        rec_strength: float = _DEFAULT.rec_strength,
        rec_init_scale: float = _DEFAULT.rec_init_scale,
        reset: Reset = _DEFAULT.reset,
        reset_delay: bool = _DEFAULT.reset_delay,
        detach_reset: bool = _DEFAULT.detach_reset,
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
        self.states = ("membrane",) if reset_delay else ("membrane", "spikes")
        width = math.prod(features)
        self.weight = nn.Parameter(torch.empty(width, width))
        nn.init.xavier_uniform_(self.weight, gain=rec_init_scale, generator=generator)
        population = Population(self, features, generator)
        population.hold("beta", beta, DECAY, learn=learn_beta, per_neuron=per_neuron)
        population.hold("threshold", threshold, THRESHOLD, learn=learn_threshold, per_neuron=per_neuron)
        self.rec_strength = rec_strength

    def initial_state(self, x_t: Tensor) -> State:
        return tuple(torch.zeros_like(x_t) for _ in self.states)

    def previous_spikes(self, state: State) -> Tensor | None:
        return super().previous_spikes(state) if self.reset_delay else None

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        if self.reset_delay:
            return super().step(x_t, state)
        return self.advance_at_once(x_t, (self.mix(state[1]), *state))

    def step_after(self, x_t: Tensor, state: State, spikes: Tensor) -> tuple[Tensor, State]:
        sent = self.allowed(spikes, state[0])
        return self.advance(x_t, (self.mix(sent), spikes, *state))

    def push(
        self, x_t: Tensor, state: State, dx: Tensor | None, dstate: State, *, last: bool = False
    ) -> Pushed:
        if self.reset_delay:
            return push_recurrent(self, x_t, state, dx, dstate, last=last)
        mixed = self.mix(dstate[1].flatten(0, 1)).view_as(dstate[1])
        before = (self.mix(state[1]), *state)
        return push_elementwise(self.advance_at_once, x_t, before, dx, (mixed, *dstate), last=last)

    def spikes(self, u: Tensor) -> Tensor:
        return self.fire(u)

    def mix(self, s: Tensor) -> Tensor:
        return nn.functional.linear(self.scaled(s).flatten(1), self.weight).view_as(s)

    def advance(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the output and next state from ``(W s', s', u')``."""
        recurrent, s, u = state
        u = self.rounded(self.wipe(self._driven(x_t, u, recurrent), s))
        return self.emit(u), (u,)

    def advance_at_once(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the output and next state from ``(W s', u', s')``, with the reset in the spike's step."""
        recurrent, u, _ = state
        u = self.rounded(self._driven(x_t, u, recurrent))
        s = self.allowed(self.fire(u), u)
        return self.scaled(s), (self.wipe(u, s), s)

    def _driven(self, x_t: Tensor, u: Tensor, recurrent: Tensor) -> Tensor:
        return read(self, "beta", u) * u + x_t + self.rec_strength * recurrent

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return (self.threshold,) if self.reset_delay else (self.threshold, 1.0)

    def leak_exponent(self) -> float | None:
        return None if self.reset == "zero" or self.bits else log_decay(self, "beta")
