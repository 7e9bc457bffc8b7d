"""Norse's threshold methods as surrogates: its forward, and the derivative of its own backward."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from norse.torch.functional.threshold import threshold
from torch import Tensor

from snnbench import LibrarySurrogate


def spike_function(method: str, alpha: float) -> Callable[[Tensor], Tensor]:
    """Return what norse calls ``method``."""
    return partial(threshold, method=method, alpha=alpha)


def _surrogate(method: str, alpha: float) -> LibrarySurrogate:
    return LibrarySurrogate(spike_function, method=method, alpha=alpha)


heaviside = partial(_surrogate, "heaviside", alpha=100.0)  # norse takes alpha and does not use it
super = partial(_surrogate, "super", alpha=100.0)  # nor here
triangle = partial(_surrogate, "triangle")
tanh = partial(_surrogate, "tanh")
circ = partial(_surrogate, "circ")
heavi_erfc = partial(_surrogate, "heavi_erfc")
