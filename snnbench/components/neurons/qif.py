"""Quadratic integrate-and-fire (Gerstner et al. 2014, Neuronal Dynamics, section 5.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.neurons.parameters import Given
from snnbench.components.neurons.upstroke import Upstroke
from snnbench.core.surrogate import Surrogate


class QIF(Upstroke):
    """``u = u' + (dt/τ)·(a·(u' − u_rest)·(u' − u_crit) + x)``; ``s = H(u − θ)``; see ``Upstroke``.

    With the defaults a steady input fires above 0.16.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.
        tau: Time constant τ, ms.
        dt: Euler step, ms, at most τ.
        a: Curvature.
        u_rest: Stable rest without input.
        u_crit: Without input, u grows of itself above it.
        threshold: θ, where the upstroke counts as a spike.
        u_reset: Membrane after a spike.
        detach_reset: Keep the gradient out of the reset.

    Raises:
        UsageError: dt > τ.
    """

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        tau: Given = 5.0,
        dt: float = 1.0,
        a: float = 1.0,
        u_rest: float = 0.0,
        u_crit: float = 0.8,
        threshold: float = 1.0,
        u_reset: float = -0.1,
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
        self.a = a
        self.u_crit = u_crit

    def drift(self, u: Tensor) -> Tensor:
        return self.a * (u - self.u_rest) * (u - self.u_crit)
