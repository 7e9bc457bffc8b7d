"""Exponential integrate-and-fire (Fourcaud-Trocmé et al. 2003, J. Neuroscience 23(37), eq. 8)."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.neurons.parameters import Given
from snnbench.components.neurons.upstroke import Upstroke
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError

STEEPEST = 10.0
"""Largest exponent of the upstroke, e^10: within every floating-point type."""


class EIF(Upstroke):
    """``u = u' + (dt/τ)·(u_rest − u' + Δ·exp((u' − u_rh)/Δ) + x)``; ``s = H(u − θ)``; see ``Upstroke``.

    With the defaults a steady input fires above 0.6.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.
        tau: Membrane time constant τ, ms.
        dt: Euler step, ms, at most τ.
        sharpness: Δ, the membrane's range over which the upstroke sets in.
        u_rest: Rest without input.
        u_rheobase: u_rh, where the upstroke sets in.
        threshold: θ, where the upstroke counts as a spike, above u_rh.
        u_reset: Membrane after a spike.
        detach_reset: Keep the gradient out of the reset.

    Raises:
        UsageError: dt > τ, or (θ − u_rh)/Δ > 10: the exponential would leave the range of a float.
    """

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        tau: Given = 5.0,
        dt: float = 1.0,
        sharpness: float = 0.2,
        u_rest: float = 0.0,
        u_rheobase: float = 0.8,
        threshold: float = 1.5,
        u_reset: float = 0.0,
        detach_reset: bool = False,
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
