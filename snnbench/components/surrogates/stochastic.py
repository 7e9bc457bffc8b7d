"""Stochastic spike operator: noise below threshold (Eshraghian et al. 2023, Proc. IEEE 111(9)).

Each call draws noise of its own for each unit of its input. The noise is not a stream that is consumed, but a
function of a seed, the number of the call and the place of the unit, so that every kind of gradient of one
call sees the same noise. Counter-based generators: Salmon et al. 2011, SC. The mixer is C. Wellons' 32-bit
hash 16-21f0aaad-15-735a2d97-15.
"""

from __future__ import annotations

from typing import Final, TypeVar

import torch
from torch import Tensor

from snnbench.components.surrogates import SPECS
from snnbench.core.surrogate import Surrogate
from snnbench.plugin.spec import defaults
from snnbench.records import derive_seed

_DEFAULT: Final = defaults(SPECS, "stochastic")

_WORD = 2**32
_Word = TypeVar("_Word", int, Tensor)


class Stochastic(Surrogate):
    """The surrogate is 1 above the threshold and noise below it, drawn anew for each unit and call.

    ``snnbench show stochastic`` has the equation and the parameters.

    Args:
        generator: Draws the seed of the noise.
    """

    random = True

    def __init__(
        self, generator: torch.Generator, mean: float = _DEFAULT.mean, variance: float = _DEFAULT.variance
    ) -> None:
        self.mean = mean
        self.variance = variance
        self._seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
        self._calls = 0

    def drawn(self) -> Surrogate:
        self._calls += 1
        return Noise(self.mean, self.variance, derive_seed(str(self._seed), str(self._calls)))

    def derivative(self, z: Tensor) -> Tensor:
        """Return the derivative in the first call."""
        return Noise(self.mean, self.variance, derive_seed(str(self._seed), "1")).derivative(z)


class Noise(Surrogate):
    """This is one call of ``Stochastic``."""

    def __init__(self, mean: float, variance: float, seed: int) -> None:
        self.mean = mean
        self.variance = variance
        self.seed = seed

    def derivative(self, z: Tensor) -> Tensor:
        noise = (uniform(z, self.seed) - 0.5 + self.mean) * self.variance
        return noise.masked_fill(z > 0, 1).to(z.dtype)


def uniform(z: Tensor, seed: int) -> Tensor:
    """Return a number in [0, 1) for each element of ``z``, float64, from its place and ``seed``."""
    place = torch.arange(z.numel(), device=z.device).view(z.shape)
    return mix(mix(place + mix(seed)) + mix(seed >> 32)).double() / _WORD


def mix(word: _Word) -> _Word:
    """Permute the 32-bit words; of a longer word the low 32 bits count, and nothing overflows 64."""
    word = word % _WORD
    word = (word ^ (word >> 16)) * 0x21F0AAAD % _WORD
    word = (word ^ (word >> 15)) * 0x735A2D97 % _WORD
    return word ^ (word >> 15)
