"""Quadratic integrate-and-fire (Gerstner et al. 2014, Neuronal Dynamics, section 5.3)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.neurons import SPECS
from snnbench.components.neurons.parameters import Given
from snnbench.components.neurons.upstroke import Upstroke
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "qif")


class QIF(Upstroke):
    """Quadratic integrate-and-fire neurons, in Euler steps; see ``Upstroke``.

    With the defaults a steady input fires above 0.16.
    ``snnbench show qif`` has the equation and the parameters.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.

    Raises:
        UsageError: dt > τ.
    """

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        tau: Given = _DEFAULT.tau,
        dt: float = _DEFAULT.dt,
        a: float = _DEFAULT.a,
        u_rest: float = _DEFAULT.u_rest,
        u_crit: float = _DEFAULT.u_crit,
        threshold: float = _DEFAULT.threshold,
        u_reset: float = _DEFAULT.u_reset,
        detach_reset: bool = _DEFAULT.detach_reset,
    ) -> None:
        super().__init__(
            features,
            surrogate,
            generator,
            tau=tau,
            dt=dt,
            u_rest=u_rest,
            threshold=threshold,
            u_reset=u_reset,
            detach_reset=detach_reset,
        )
        self.a = a
        self.u_crit = u_crit

    def drift(self, u: Tensor) -> Tensor:
        return self.a * (u - self.u_rest) * (u - self.u_crit)
