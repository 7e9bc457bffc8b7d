"""Specs of traceTorch's spike functions. Imports neither torch nor traceTorch."""

from __future__ import annotations

from typing import Final

from snnbench_tracetorch.library import TRACETORCH

SURROGATES: Final = (
    TRACETORCH.surrogate(
        "sigmoid4x",
        "graded: traceTorch's default, which is never at rest",
        "s = σ(4z), d(z) = 4·σ(4z)·(1 − σ(4z))",
        graded=True,
    ),
    TRACETORCH.surrogate(
        "sigmoid4x_round_ste",
        "the same, rounded to 0 or 1: its quant_fn=round_ste()",
        "s = round(σ(4z)), d(z) = 4·σ(4z)·(1 − σ(4z))",
    ),
)
