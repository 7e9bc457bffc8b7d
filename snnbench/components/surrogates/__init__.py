"""Surrogate derivatives, one a file. This list is all that finding them needs; it imports no torch.

``z = u − θ`` is the membrane relative to the threshold; every forward is the strict step H(z).
"""

from __future__ import annotations

from typing import Final

from snnbench.plugin.specs import Param, SurrogateSpec


def _slope(default: float) -> Param:
    return Param(default, low=1e-6, doc="steepness k around the threshold")


SPECS: Final = (
    SurrogateSpec(
        name="fast_sigmoid",
        version="1",
        summary="derivative of the fast sigmoid, peak 1",
        factory="snnbench.components.surrogates.fast_sigmoid:FastSigmoid",
        params={"slope": _slope(25.0)},
        reference="Zenke & Ganguli 2018, Neural Computation 30(6)",
        equation="d(z) = 1/(1 + k·|z|)²",
    ),
    SurrogateSpec(
        name="atan",
        version="1",
        summary="derivative of a scaled arctangent, area 1",
        factory="snnbench.components.surrogates.atan:ATan",
        params={"alpha": Param(2.0, low=1e-6, doc="steepness α; the peak is α/2")},
        reference="Fang et al. 2021, ICCV, eq. 15",
        equation="d(z) = (α/2)/(1 + (π·α·z/2)²)",
    ),
    SurrogateSpec(
        name="sigmoid",
        version="1",
        summary="derivative of the logistic function, area 1",
        factory="snnbench.components.surrogates.sigmoid:Sigmoid",
        params={"slope": _slope(25.0)},
        reference="Zenke & Vogels 2021, Neural Computation 33(4)",
        equation="d(z) = k·σ(k·z)·(1 − σ(k·z))",
    ),
    SurrogateSpec(
        name="straight_through",
        version="1",
        summary="gradient passed on unchanged",
        factory="snnbench.components.surrogates.straight_through:StraightThrough",
        reference="Bengio, Léonard & Courville 2013, arXiv:1308.3432",
        equation="d(z) = 1",
    ),
    SurrogateSpec(
        name="triangular",
        version="1",
        summary="triangle around the threshold, area 1",
        factory="snnbench.components.surrogates.triangular:Triangular",
        params={"width": Param(1.0, low=1e-6, doc="half of the base, w")},
        reference="Bellec et al. 2018, NeurIPS",
        equation="d(z) = max(0, 1 − |z|/w)/w",
    ),
)
