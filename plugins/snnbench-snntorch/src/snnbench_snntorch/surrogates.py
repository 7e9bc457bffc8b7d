"""The spike functions of ``snntorch.surrogate``, with snntorch's names and parameters."""

from __future__ import annotations

from functools import partial
from typing import Final

from snntorch import surrogate

from snnbench import LibrarySurrogate

atan: Final = partial(LibrarySurrogate, surrogate.atan)
fast_sigmoid: Final = partial(LibrarySurrogate, surrogate.fast_sigmoid)
sigmoid: Final = partial(LibrarySurrogate, surrogate.sigmoid)
straight_through_estimator: Final = partial(LibrarySurrogate, surrogate.straight_through_estimator)
triangular: Final = partial(LibrarySurrogate, surrogate.triangular)
heaviside: Final = partial(LibrarySurrogate, surrogate.heaviside)
spike_rate_escape: Final = partial(LibrarySurrogate, surrogate.spike_rate_escape)
sfs: Final = partial(LibrarySurrogate, surrogate.SFS)
