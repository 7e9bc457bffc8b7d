"""Specs of sinabs's surrogate gradients. Imports neither torch nor sinabs."""

from __future__ import annotations

from typing import Final

from snnbench import Param, SurrogateSpec

_MU: Final = Param(0.0, doc="centre of the Gaussian above the threshold")
_SIGMA: Final = Param(0.5, low=1e-6, doc="standard deviation")
_SCALE: Final = Param(1.0, doc="factor on the gradient")
_WIDTH: Final = Param(0.5, low=1e-6, doc="width, in thresholds")
_SHAPES: Final = "N(z; μ, σ²) the normal density"


def _surrogate(
    name: str, summary: str, params: dict[str, Param], equation: str, reference: str = ""
) -> SurrogateSpec:
    return SurrogateSpec(
        name=name,
        version="1",
        summary=summary,
        factory=f"snnbench_sinabs.surrogates:{name}",
        params=params,
        reference=reference or "sinabs 3.1.3, sinabs.activation, https://sinabs.readthedocs.io",
        equation=equation,
    )


SURROGATES: Final = (
    _surrogate(
        "heaviside",
        "1 from a window below the threshold on",
        {"window": Param(1.0, doc="width of the window below the threshold")},
        "d(z) = H(z ≥ −window)",
    ),
    _surrogate(
        "gaussian",
        "normal density",
        {"mu": _MU, "sigma": _SIGMA, "grad_scale": _SCALE},
        f"d(z) = grad_scale·N(z; μ, σ²), {_SHAPES}",
    ),
    _surrogate(
        "multi_gaussian",
        "normal density with negative flanks",
        {
            "mu": _MU,
            "sigma": _SIGMA,
            "h": Param(0.15, doc="weight of the flanks"),
            "s": Param(6.0, low=1e-6, doc="width of the flanks over that of the centre"),
            "grad_scale": _SCALE,
        },
        "d(z) = grad_scale·((1 + h)·N(z; μ, σ²) − h·N(z; σ, (sσ)²) − h·N(z; −σ, (sσ)²))",
        "Yin, Corradi & Bohté 2021, Nature Machine Intelligence 3, 905-913",
    ),
    _surrogate(
        "single_exponential",
        "two-sided exponential, sinabs's default",
        {"grad_width": _WIDTH, "grad_scale": _SCALE},
        "d(z) = grad_scale/w·exp(−|z|/w), w = grad_width",
        "Shrestha & Orchard 2018, NeurIPS",
    ),
    _surrogate(
        "periodic_exponential",
        "exponential that returns at each multiple of the threshold",
        {"grad_width": _WIDTH, "grad_scale": _SCALE},
        "d(z) = grad_scale·exp(−|z|/w) below the threshold; above it |z| is the distance to the nearest "
        "multiple of it, times 2",
        "Weidel & Sheik 2021, arXiv:2111.01456",
    ),
)
