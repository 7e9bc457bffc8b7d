"""Specs of traceTorch's spike functions. Imports neither torch nor traceTorch."""

from __future__ import annotations

from typing import Final

from snnbench import SurrogateSpec

_REFERENCE: Final = "traceTorch 0.19.2 (Menovchshikov), https://pypi.org/project/tracetorch"

SURROGATES: Final = (
    SurrogateSpec(
        name="sigmoid4x",
        version="1",
        summary="graded: traceTorch's default, which is never at rest",
        factory="snnbench_tracetorch.surrogates:sigmoid4x",
        reference=_REFERENCE,
        equation="s = σ(4z), d(z) = 4·σ(4z)·(1 − σ(4z))",
        graded=True,
    ),
    SurrogateSpec(
        name="sigmoid4x_round_ste",
        version="1",
        summary="the same, rounded to 0 or 1: its quant_fn=round_ste()",
        factory="snnbench_tracetorch.surrogates:sigmoid4x_round_ste",
        reference=_REFERENCE,
        equation="s = round(σ(4z)), d(z) = 4·σ(4z)·(1 − σ(4z))",
    ),
)
