"""Rounding of what a spike function gives, for the trace family: traceTorch's ``quant_fn``.

Noise is a function of a seed, the number of the call and the place of the unit, as that of ``Stochastic``:
independent between units and steps, and the same again from the same generator.
"""

from __future__ import annotations

from enum import StrEnum

import torch
from torch import Tensor

from snnbench.components.surrogates.stochastic import uniform
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError
from snnbench.records import derive_seed


class Rounding(StrEnum):
    """This says how the value f of the spike function is rounded."""

    IDENTITY = "identity"
    ROUND = "round"
    STOCHASTIC = "stochastic"
    PROBABILISTIC = "probabilistic"


def quantised(surrogate: Surrogate, name: str, generator: torch.Generator) -> Surrogate:
    """Return ``surrogate`` followed by the rounding of this name.

    Args:
        surrogate: The spike function f.
        name: ``identity`` leaves f as it is. ``round`` takes the nearest whole number and ``stochastic`` the
            next higher one with the probability of f's fraction; the gradient is that of f. ``probabilistic``
            gives f with probability f, else 0; the gradient is 2·f times that of f.
        generator: Draws the seed of the noise, where there is any.

    Raises:
        UsageError: There is no such rounding.
    """
    try:
        rounding = Rounding(name)
    except ValueError:
        raise UsageError(f"quant_fn={name!r} is none of {', '.join(Rounding)}") from None
    if rounding is Rounding.IDENTITY:
        return surrogate
    if rounding is Rounding.ROUND:
        return Drawn(surrogate, rounding, 0)
    return Rounded(surrogate, rounding, int(torch.randint(2**62, (), generator=generator)))


class Drawn(Surrogate):
    """A spike function followed by a rounding whose noise is given by ``seed``."""

    def __init__(self, inner: Surrogate, rounding: Rounding, seed: int) -> None:
        self.inner = inner
        self.rounding = rounding
        self.seed = seed

    def forward(self, z: Tensor) -> Tensor:
        value = self.inner.forward(z)
        match self.rounding:
            case Rounding.STOCHASTIC:
                whole = value.floor()
                return whole + (uniform(z, self.seed) < value - whole).to(z.dtype)
            case Rounding.PROBABILISTIC:
                return value * (uniform(z, self.seed) < value).to(z.dtype)
            case _:
                return -(0.5 - value).floor()  # halfway to the lower, as H is silent at the threshold

    def derivative(self, z: Tensor) -> Tensor:
        slope = self.inner.derivative(z)
        if self.rounding is Rounding.PROBABILISTIC:
            return 2 * self.inner.forward(z) * slope
        return slope


class Rounded(Surrogate):
    """A spike function followed by a rounding that draws new noise in every call."""

    random = True

    def __init__(self, inner: Surrogate, rounding: Rounding, seed: int) -> None:
        self.inner = inner
        self.rounding = rounding
        self._seed = seed
        self._calls = 0

    def drawn(self) -> Drawn:
        self._calls += 1
        return Drawn(self.inner, self.rounding, derive_seed(str(self._seed), str(self._calls)))

    def forward(self, z: Tensor) -> Tensor:
        return self.drawn().forward(z)

    def derivative(self, z: Tensor) -> Tensor:
        return Drawn(self.inner, self.rounding, 0).derivative(z)  # has no noise
