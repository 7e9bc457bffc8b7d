"""Exponential integrate-and-fire (Fourcaud-Trocmé et al. 2003, J. Neuroscience 23(37), eq. 8)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.components.neurons import SPECS
from snnbench.components.neurons.parameters import Given
from snnbench.components.neurons.upstroke import Upstroke
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "eif")

STEEPEST = 10.0
"""Largest exponent of the upstroke, e^10: within every floating-point type."""


class EIF(Upstroke):
    """Exponential integrate-and-fire neurons, in Euler steps; see ``Upstroke``.

    With the defaults a steady input fires above 0.6.
    ``snnbench show eif`` has the equation and the parameters.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.

    Raises:
        UsageError: dt > τ, or (θ − u_rh)/Δ > 10: the exponential would leave the range of a float.
    """

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        tau: Given = _DEFAULT.tau,
        dt: float = _DEFAULT.dt,
        sharpness: float = _DEFAULT.sharpness,
        u_rest: float = _DEFAULT.u_rest,
        u_rheobase: float = _DEFAULT.u_rheobase,
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
        exponent = (threshold - u_rheobase) / sharpness
        if exponent > STEEPEST:
            raise UsageError(
                f"neuron 'eif': (threshold − u_rheobase)/sharpness = {exponent:g} is above {STEEPEST:g}",
                "lower the threshold or raise the sharpness",
            )
        self.sharpness = sharpness
        self.u_rheobase = u_rheobase

    def drift(self, u: Tensor) -> Tensor:
        upstroke = self.sharpness * ((u - self.u_rheobase) / self.sharpness).exp()
        return self.u_rest - u + upstroke
