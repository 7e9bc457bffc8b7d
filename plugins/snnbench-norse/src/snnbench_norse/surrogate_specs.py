"""Specs of norse's surrogates, its default first. Imports neither torch nor norse."""

from __future__ import annotations

from typing import Final

from snnbench import Param
from snnbench_norse.library import NORSE

_ALPHA: Final = {"alpha": Param(100.0, low=1e-6, doc="norse's alpha, for what it is in the equation")}


SURROGATES: Final = (
    NORSE.surrogate("super", "SuperSpike, of slope 1 whatever norse's alpha", "d(z) = 1/(1 + |z|)²"),
    NORSE.surrogate("heaviside", "no gradient at all", "d(z) = 0"),
    NORSE.surrogate("triangle", "triangle of height alpha", "d(z) = α·max(0, 1 − |z|)", _ALPHA),
    NORSE.surrogate("tanh", "derivative of tanh(α·z)/α, of height 1", "d(z) = 1 − tanh²(α·z)", _ALPHA),
    NORSE.surrogate("circ", "of height 1, the wider the larger alpha", "d(z) = α³/(α² + z²)^1.5", _ALPHA),
    NORSE.surrogate(
        "heavi_erfc", "derivative of the error function, of height 2/√π", "d(z) = 2/√π·exp(−(α·z)²)", _ALPHA
    ),
)
