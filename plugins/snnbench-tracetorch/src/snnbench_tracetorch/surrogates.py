"""TraceTorch's spike functions: ``spike_fn``, and ``quant_fn`` of it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from tracetorch import functional

from snnbench import LibrarySurrogate


def graded() -> Callable[[Tensor], Tensor]:
    """Its default ``spike_fn``; its default ``quant_fn`` changes nothing."""
    return functional.sigmoid4x  # type: ignore[no-any-return]


def rounded() -> Callable[[Tensor], Tensor]:
    """Return the rounded surrogate, through ``round_ste()``."""
    quantise = functional.round_ste()
    return lambda z: quantise(functional.sigmoid4x(z))


class GradedLibrarySurrogate(LibrarySurrogate):
    """A smooth one: its derivative is its own."""

    graded = True


def sigmoid4x() -> LibrarySurrogate:
    """Graded spikes in (0, 1)."""
    return GradedLibrarySurrogate(graded)


def sigmoid4x_round_ste() -> LibrarySurrogate:
    """Binary spikes."""
    return LibrarySurrogate(rounded)
