"""The base of the LIF family: it turns membranes into outputs and rounds states to a few levels."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.neurons import SPECS
from snnbench.components.neurons.parameters import is_uniform, read
from snnbench.components.neurons.reset import Reset, apply_reset
from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "lif")


class Firing(Neuron):
    """A neuron that fires where its membrane passes a threshold: abstract; subclasses give ``step_after``.

    Attributes:
        threshold: θ.
        surrogate: Spike function of ``u − θ``.
        reset: What a spike does to the membrane.
        detach_reset: Keep the gradient out of the reset.
        inhibition: Only the neuron with the largest ``u − θ`` of a sample may spike.
        factor: Size of an output spike; resets are by spikes of size 1.
        bits: The states are rounded to ``2^bits`` levels after each update; 0 for not at all.
        levels: The least and the greatest level.
    """

    threshold: float | Tensor

    def __init__(
        self,
        surrogate: Surrogate,
        reset: Reset,
        *,
        detach_reset: bool,
        inhibition: bool = _DEFAULT.inhibition,
        factor: float = _DEFAULT.graded_spikes_factor,
        bits: int = _DEFAULT.state_bits,
        levels: tuple[float, ...] = _DEFAULT.state_range,
    ) -> None:
        super().__init__()
        if len(levels) != 2 or not levels[0] < levels[1]:
            name = type(self).__name__.lower()
            raise UsageError(f"neuron {name!r}: state_range={levels} is not [low, high], low below high")
        self.surrogate = surrogate
        self.reset: Reset = reset
        self.detach_reset = detach_reset
        self.inhibition = inhibition
        self.factor = float(factor)
        self.bits = bits
        self.levels = levels
        if inhibition:
            self.pushes = False  # units see each other

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return self.step_after(x_t, state, self.fired(state))

    def previous_spikes(self, state: State) -> Tensor | None:
        return self.fired(state) if self._plain else None

    def fired(self, state: State) -> Tensor:
        """Return which neurons are above threshold after the step that left ``state``."""
        return self.fire(state[self.states.index("membrane")])

    def fire(self, u: Tensor) -> Tensor:
        """Return which membranes are above threshold."""
        return self.surrogate(u - read(self, "threshold", u))

    def allowed(self, s: Tensor, u: Tensor) -> Tensor:
        """Return the spikes ``s`` of the membranes ``u`` that inhibition leaves."""
        if not self.inhibition:
            return s
        above = (u - read(self, "threshold", u)).detach().flatten(1)
        largest = torch.zeros_like(above).scatter(1, above.argmax(1, keepdim=True), 1.0)
        return s * largest.view_as(s)

    def scaled(self, s: Tensor) -> Tensor:
        """Return spikes in the size of outputs."""
        return s if self.factor == 1 else s * self.factor

    def emit(self, u: Tensor) -> Tensor:
        """Return the output of the membranes ``u``."""
        return self.scaled(self.allowed(self.fire(u), u))

    def wipe(self, u: Tensor, s: Tensor) -> Tensor:
        """Return the membranes ``u`` after the reset by the spikes ``s``."""
        return apply_reset(u, s.detach() if self.detach_reset else s, read(self, "threshold", u), self.reset)

    def rounded(self, state: Tensor) -> Tensor:
        """Return the state rounded to its levels, with derivative 1; halfway it goes to the lower level."""
        if not self.bits:
            return state
        low, high = self.levels
        size, fixed = (high - low) / (2**self.bits - 1), state.detach()
        level = -(0.5 - (fixed.clamp(low, high) - low) / size).floor()
        kept: Tensor = low + size * level
        return kept + (state - fixed)

    @property
    def _plain(self) -> bool:
        """Return whether outputs are the spikes that reset."""
        return not self.inhibition and self.factor == 1

    @property
    def _counted(self) -> bool:
        """Return whether what a step keeps for backward is known."""
        return self._plain and not self.bits and is_uniform(self)
