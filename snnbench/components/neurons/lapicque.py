"""LIF as a resistor-capacitor circuit (Lapicque 1907; Brunel & van Rossum 2007, Biol. Cybern. 97)."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.neurons.firing import LEVELS, Firing
from snnbench.components.neurons.parameters import THRESHOLD, TIME, Given, Population, each, log_decay, read
from snnbench.components.neurons.reset import Reset
from snnbench.core.eager import State
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError


class Lapicque(Firing):
    """``u = (1 − dt/RC)·u' + (dt/C)·x − θ·s'``; ``s = H(u − θ)``; a prime marks the previous step.

    The Euler step of ``RC·du/dt = −u + R·x``. With ``reset="zero"`` the input of the step is wiped as
    well: ``u = (1 − s')·(…)``. State: u, ``[B, *features]``.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.
        resistance: R, MΩ.
        capacitance: C, nF.
        dt: Time step, ms.
        threshold: θ, mV.
        reset: ``subtract``, ``zero`` or ``none``.
        detach_reset: Keep the gradient out of the reset.
        inhibition: Only the neuron with the largest ``u − θ`` of a sample spikes; resets are as without.
        state_bits: Round the states to ``2^state_bits`` levels after each update; 0 for not at all.
        state_range: The least and the greatest level.

    Raises:
        UsageError: dt is longer than the time constant RC: the step would overshoot the rest.
    """

    pushes = True

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        resistance: Given = 5.0,
        capacitance: Given = 5.0,
        dt: float = 1.0,
        threshold: Given = 1.0,
        reset: Reset = "subtract",
        detach_reset: bool = False,
        inhibition: bool = False,
        state_bits: int = 0,
        state_range: tuple[float, ...] = LEVELS,
    ) -> None:
        super().__init__(
            surrogate,
            reset,
            detach_reset=detach_reset,
            inhibition=inhibition,
            bits=state_bits,
            levels=state_range,
        )
        population = Population(self, features, generator)
        r = population.numbers("resistance", resistance, TIME)
        c = population.numbers("capacitance", capacitance, TIME)
        population.put("beta", each(lambda r, c: _decay(dt, r * c), r, c))
        population.put("gain", each(lambda c: dt / c, c))
        population.hold("threshold", threshold, THRESHOLD)

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def step_after(self, x_t: Tensor, state: State, spikes: Tensor) -> tuple[Tensor, State]:
        (u,) = state
        u = self.rounded(self.wipe(read(self, "beta", u) * u + read(self, "gain", u) * x_t, spikes))
        return self.emit(u), (u,)

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return (self.threshold,)

    def leak_exponent(self) -> float | None:
        return None if self.reset == "zero" or self.bits else log_decay(self, "beta")


def _decay(dt: float, tau: float) -> float:
    """Decay of the membrane in an Euler step of ``dt`` at the time constant ``tau``, ms each."""
    if dt > tau:
        raise UsageError(
            f"neuron 'lapicque': dt={dt} ms is longer than the time constant "
            f"resistance·capacitance = {tau} ms",
            "make dt smaller, or resistance or capacitance larger",
        )
    return 1 - dt / tau
