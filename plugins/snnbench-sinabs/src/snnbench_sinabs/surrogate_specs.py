"""Specs of sinabs's surrogate gradients. Imports neither torch nor sinabs."""

from __future__ import annotations

from typing import Final

from snnbench import Param
from snnbench_sinabs.library import SINABS

_MU: Final = Param(0.0, doc="centre of the Gaussian above the threshold")
_SIGMA: Final = Param(0.5, low=1e-6, doc="standard deviation")
_SCALE: Final = Param(1.0, doc="factor on the gradient")
_WIDTH: Final = Param(0.5, low=1e-6, doc="width, in thresholds")
_SHAPES: Final = "N(z; μ, σ²) the normal density"


SURROGATES: Final = (
    SINABS.surrogate(
        "heaviside",
        "1 from a window below the threshold on",
        "d(z) = H(z ≥ −window)",
        {"window": Param(1.0, doc="width of the window below the threshold")},
    ),
    SINABS.surrogate(
        "gaussian",
        "normal density",
        f"d(z) = grad_scale·N(z; μ, σ²), {_SHAPES}",
        {"mu": _MU, "sigma": _SIGMA, "grad_scale": _SCALE},
    ),
    SINABS.surrogate(
        "multi_gaussian",
        "normal density with negative flanks",
        "d(z) = grad_scale·((1 + h)·N(z; μ, σ²) − h·N(z; σ, (sσ)²) − h·N(z; −σ, (sσ)²))",
        {
            "mu": _MU,
            "sigma": _SIGMA,
            "h": Param(0.15, doc="weight of the flanks"),
            "s": Param(6.0, low=1e-6, doc="width of the flanks over that of the centre"),
            "grad_scale": _SCALE,
        },
        reference="Yin, Corradi & Bohté 2021, Nature Machine Intelligence 3, 905-913",
    ),
    SINABS.surrogate(
        "single_exponential",
        "two-sided exponential, sinabs's default",
        "d(z) = grad_scale/w·exp(−|z|/w), w = grad_width",
        {"grad_width": _WIDTH, "grad_scale": _SCALE},
        reference="Shrestha & Orchard 2018, NeurIPS",
    ),
    SINABS.surrogate(
        "periodic_exponential",
        "exponential that returns at each multiple of the threshold",
        "d(z) = grad_scale·exp(−|z|/w) below the threshold; above it |z| is the distance to the nearest "
        "multiple of it, times 2",
        {"grad_width": _WIDTH, "grad_scale": _SCALE},
        reference="Weidel & Sheik 2021, arXiv:2111.01456",
    ),
)
