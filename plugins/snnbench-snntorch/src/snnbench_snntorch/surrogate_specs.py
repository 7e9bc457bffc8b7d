"""Declare what ``snntorch.surrogate`` provides. ``z`` is ``mem − threshold``; all spike where z > 0."""

from __future__ import annotations

from typing import Final

from snnbench import Param
from snnbench_snntorch.library import SNNTORCH

_SLOPE: Final = Param(25.0, low=1e-6, doc="steepness k around the threshold")

SURROGATES: Final = (
    SNNTORCH.surrogate(
        "atan",
        "derivative of a scaled arctangent, area 1; what snntorch takes where none is given",
        "d(z) = (α/2)/(1 + (π·α·z/2)²)",
        {"alpha": Param(2.0, low=1e-6, doc="steepness α; the peak is α/2")},
        reference="Fang et al. 2021, ICCV, eq. 15",
    ),
    SNNTORCH.surrogate(
        "fast_sigmoid",
        "derivative of the fast sigmoid, peak 1",
        "d(z) = 1/(1 + k·|z|)²",
        {"slope": _SLOPE},
        reference="Zenke & Ganguli 2018, Neural Computation 30(6)",
    ),
    SNNTORCH.surrogate(
        "sigmoid",
        "derivative of the logistic function; not a number where exp(−k·z) overflows",
        "d(z) = k·exp(−k·z)/(1 + exp(−k·z))²",
        {"slope": _SLOPE},
        reference="Zenke & Ganguli 2018, Neural Computation 30(6)",
    ),
    SNNTORCH.surrogate(
        "straight_through_estimator",
        "gradient passed on unchanged",
        "d(z) = 1",
        reference="Bengio, Léonard & Courville 2013, arXiv:1308.3432",
    ),
    SNNTORCH.surrogate(
        "triangular",
        "a step, not a triangle: the threshold below z = 0 and minus it from there on",
        "d(z) = θ where z < 0, else −θ",
        {"threshold": Param(1.0, low=1e-6, doc="height θ")},
    ),
    SNNTORCH.surrogate("heaviside", "gradient passed on where there is a spike", "d(z) = H(z)"),
    SNNTORCH.surrogate(
        "spike_rate_escape",
        "exponential around z = 1, where the membrane is one above the threshold",
        "d(z) = k·exp(−β·|z − 1|)",
        {
            "beta": Param(1.0, low=1e-6, doc="decay β on both sides"),
            "slope": Param(25.0, low=1e-6, doc="peak k"),
        },
        reference="Gerstner & Kistler 2002, Spiking Neuron Models, section 5.3",
    ),
    SNNTORCH.surrogate(
        "sfs",
        "fast sigmoid above B only, sparse",
        "d(z) = 1/(1 + k·|z|)² where z > B, else 0",
        {"slope": _SLOPE, "B": Param(1.0, doc="z up to which the gradient is 0")},
        reference="Perez-Nieves & Goodman 2021, NeurIPS",
    ),
)
