"""The graded spike function's entry in the list of surrogates. Imports no torch."""

from __future__ import annotations

from typing import Final

from snnbench.plugin.params import Param
from snnbench.plugin.specs import SurrogateSpec

GRADED_SPECS: Final = (
    SurrogateSpec(
        name="graded_sigmoid",
        version="2",
        summary="the logistic function itself: outputs in (0, 1) and their exact derivative, no spikes",
        factory="snnbench.components.surrogates.graded_sigmoid:GradedSigmoid",
        params={"slope": Param(4.0, low=1e-6, doc="steepness k around the threshold")},
        reference="traceTorch 0.19.2, tracetorch.functional.sigmoid4x (Menovchshikov)",
        equation="s = σ(k·z)\nd(z) = k·σ(k·z)·(1 − σ(k·z))",
        graded=True,
    ),
)
