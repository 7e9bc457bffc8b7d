"""LIF as a resistor-capacitor circuit (Lapicque 1907; Brunel & van Rossum 2007, Biol. Cybern. 97)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.neurons import SPECS
from snnbench.components.neurons.firing import Firing
from snnbench.components.neurons.parameters import THRESHOLD, TIME, Given, Population, each, log_decay, read
from snnbench.components.neurons.reset import Reset
from snnbench.core.eager import State
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "lapicque")


class Lapicque(Firing):
    """Leaky integrate-and-fire neurons as a circuit, ``RC·du/dt = −u + R·x``, in Euler steps.

    With ``reset="zero"`` the input of the step is wiped as well. With ``inhibition`` the resets are
    as without. State: u, ``[B, *features]``.
    ``snnbench show lapicque`` has the equation and the parameters.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.

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
        resistance: Given = _DEFAULT.resistance,
        capacitance: Given = _DEFAULT.capacitance,
        dt: float = _DEFAULT.dt,
        threshold: Given = _DEFAULT.threshold,
        reset: Reset = _DEFAULT.reset,
        detach_reset: bool = _DEFAULT.detach_reset,
        inhibition: bool = _DEFAULT.inhibition,
        state_bits: int = _DEFAULT.state_bits,
        state_range: tuple[float, ...] = _DEFAULT.state_range,
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
    """Return the decay of the membrane in an Euler step of ``dt`` at the time constant ``tau``, ms each."""
    if dt > tau:
        raise UsageError(
            f"neuron 'lapicque': dt={dt} ms is longer than the time constant "
            f"resistance·capacitance = {tau} ms",
            "make dt smaller, or resistance or capacitance larger",
        )
    return 1 - dt / tau
