"""Stochastic spike operator: noise below threshold (Eshraghian et al. 2023, Proc. IEEE 111(9)).

The noise is a function, not a stream. A draw is a hash of the seed and of z in units of 2⁻¹², and of
nothing else: one z has one derivative in every mode, eager, compiled or mapped, at every place of a
batch and at every step. So equal z draw equal noise; a membrane that moves draws afresh. Counter-based
generators: Salmon et al. 2011, SC. The mixer is C. Wellons' 32-bit hash 16-21f0aaad-15-735a2d97-15.
"""

from __future__ import annotations

from typing import TypeVar

from torch import Tensor

from snnbench.engine.surrogate import Surrogate

CELLS = 4096
"""Cells a unit of z: within one, z keeps its draw, so that rounding in z does not change it."""
_WORD = 2**32
_Word = TypeVar("_Word", int, Tensor)


class Stochastic(Surrogate):
    """``d(z) = 1 if z > 0 else (U + mean)·variance``, U of z and the seed, uniform on [−½, ½).

    Args:
        mean: Shift of U.
        variance: Scale of the noise.
        seed: Of the noise.
    """

    def __init__(self, mean: float = 0.0, variance: float = 0.2, seed: int = 0) -> None:
        self.mean = mean
        self.variance = variance
        self.seed = seed

    def derivative(self, z: Tensor) -> Tensor:
        noise = (uniform(z, self.seed) - 0.5 + self.mean) * self.variance
        return noise.masked_fill(z > 0, 1).to(z.dtype)


def uniform(z: Tensor, seed: int) -> Tensor:
    """A number in [0, 1) for each element of ``z``, float64, from its value and the seed."""
    cell = (CELLS * z.double()).nan_to_num().clamp(-_WORD, _WORD).floor().long()
    return mix(mix(cell) + mix(mix(seed) + (seed >> 32))).double() / _WORD


def mix(word: _Word) -> _Word:
    """A permutation of the 32-bit words; of a longer one the low 32 bits count. Nothing overflows 64."""
    word = word % _WORD
    word = (word ^ (word >> 16)) * 0x21F0AAAD % _WORD
    word = (word ^ (word >> 15)) * 0x735A2D97 % _WORD
    return word ^ (word >> 15)
