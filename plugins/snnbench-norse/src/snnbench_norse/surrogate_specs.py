"""Specs of norse's surrogates, its default first. Imports neither torch nor norse."""

from __future__ import annotations

from typing import Final

from snnbench import Param, SurrogateSpec

_NORSE: Final = "Pehle & Pedersen 2021, Norse, doi:10.5281/zenodo.4422025"


def _surrogate(name: str, equation: str, summary: str, *, takes_alpha: bool = True) -> SurrogateSpec:
    alpha = {"alpha": Param(100.0, low=1e-6, doc="norse's alpha, for what it is in the equation")}
    return SurrogateSpec(
        name=name,
        version="1",
        summary=summary,
        factory=f"snnbench_norse.surrogates:{name}",
        params=alpha if takes_alpha else {},
        reference=_NORSE,
        equation=equation,
    )


SURROGATES: Final = (
    _surrogate(
        "super", "d(z) = 1/(1 + |z|)²", "SuperSpike, of slope 1 whatever norse's alpha", takes_alpha=False
    ),
    _surrogate("heaviside", "d(z) = 0", "no gradient at all", takes_alpha=False),
    _surrogate("triangle", "d(z) = α·max(0, 1 − |z|)", "triangle of height alpha"),
    _surrogate("tanh", "d(z) = 1 − tanh²(α·z)", "derivative of tanh(α·z)/α, of height 1"),
    _surrogate("circ", "d(z) = α³/(α² + z²)^1.5", "of height 1, the wider the larger alpha"),
    _surrogate("heavi_erfc", "d(z) = 2/√π·exp(−(α·z)²)", "derivative of the error function, of height 2/√π"),
)
