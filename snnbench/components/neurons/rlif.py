"""Recurrent leaky integrate-and-fire: LIF whose spikes return through a dense matrix."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from snnbench.components.neurons.firing import LEVELS, Firing
from snnbench.components.neurons.parameters import DECAY, THRESHOLD, Given, Population, log_decay, read
from snnbench.components.neurons.reset import Reset
from snnbench.core.eager import State
from snnbench.core.surrogate import Surrogate
from snnbench.core.tangents import Pushed, push_elementwise, push_recurrent


class RLIF(Firing):
    """``u = β·u' + x + ρ·W s' − θ·s'``; ``s = H(u − θ)``; a prime marks the previous step. State: u.

    Args:
        features: Shape of the population; W is ``[H, H]`` with H their product.
        surrogate: Spike function of ``u − θ``.
        generator: Draws W, Xavier-uniform, then what is given as a distribution.
        beta: Membrane decay β, 1/step.
        threshold: θ.
        rec_strength: ρ.
        rec_init_scale: Gain of W's distribution.
        reset: ``subtract`` as above; ``zero``: ``u = (1 − s')·(β·u' + x + ρ·W s')``; ``none``.
        reset_delay: False applies the reset within the step of the spike; s is then part of the state.
        detach_reset: Keep the gradient out of the reset (not out of the recurrence).
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

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        beta: Given = 0.95,
        threshold: Given = 1.0,
        rec_strength: float = 1.0,
        rec_init_scale: float = 1.0,
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
        """Output and next state from ``(W s', s', u')``."""
        recurrent, s, u = state
        u = self.rounded(self.wipe(self._driven(x_t, u, recurrent), s))
        return self.emit(u), (u,)

    def advance_at_once(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Output and next state from ``(W s', u', s')``, with the reset in the step of the spike."""
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
