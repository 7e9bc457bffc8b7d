"""Declare the surrogates of ``spikingjelly.activation_based``. ``z`` is ``v − θ``; all spike where z ≥ 0."""

from __future__ import annotations

from typing import Final

from snnbench import Param
from snnbench_spikingjelly.library import SPIKINGJELLY


def _alpha(default: float, doc: str = "steepness α around the threshold") -> Param:
    return Param(default, low=1e-6, doc=doc)


SURROGATES: Final = (
    SPIKINGJELLY.surrogate(
        "sigmoid",
        "derivative of the logistic function, area 1; what spikingjelly takes where none is given",
        "d(z) = α·σ(α·z)·(1 − σ(α·z))",
        {"alpha": _alpha(4.0)},
    ),
    SPIKINGJELLY.surrogate(
        "atan",
        "derivative of a scaled arctangent, area 1",
        "d(z) = (α/2)/(1 + (π·α·z/2)²)",
        {"alpha": _alpha(2.0)},
        reference="Fang et al. 2021, ICCV, eq. 15",
    ),
    SPIKINGJELLY.surrogate(
        "piecewise_quadratic",
        "triangle around the threshold, area 1",
        "d(z) = max(0, α − α²·|z|)",
        {"alpha": _alpha(1.0)},
        reference="Esser et al. 2016, PNAS 113(41)",
    ),
    SPIKINGJELLY.surrogate(
        "piecewise_exp",
        "exponential on both sides, area 1",
        "d(z) = (α/2)·exp(−α·|z|)",
        {"alpha": _alpha(1.0)},
    ),
    SPIKINGJELLY.surrogate(
        "soft_sign",
        "derivative of the soft sign, area 1",
        "d(z) = 1/(2α·(1/α + |z|)²)",
        {"alpha": _alpha(2.0)},
    ),
    SPIKINGJELLY.surrogate(
        "super_spike",
        "derivative of the fast sigmoid, peak α",
        "d(z) = α/(1 + |z|)²",
        {"alpha": _alpha(1.0, "peak α")},
        reference="Zenke & Ganguli 2018, Neural Computation 30(6)",
    ),
    SPIKINGJELLY.surrogate(
        "erf",
        "Gaussian, area 1",
        "d(z) = (α/√π)·exp(−α²·z²)",
        {"alpha": _alpha(2.0)},
        reference="Esser et al. 2015, NeurIPS; Yin et al. 2020, ICONS",
    ),
    SPIKINGJELLY.surrogate(
        "nonzero_sign_log_abs",
        "derivative of a logarithm on both sides",
        "d(z) = 1/(1/α + |z|)",
        {"alpha": _alpha(1.0)},
    ),
    SPIKINGJELLY.surrogate(
        "piecewise_leaky_relu",
        "box around the threshold, a constant outside",
        "d(z) = 1/(2w) where |z| < w, else c",
        {
            "w": Param(1.0, low=1e-6, doc="half of the width of the box, w"),
            "c": Param(0.01, low=0.0, doc="gradient c outside of the box"),
        },
        reference="Yin et al. 2017, arXiv:1712.06617; Huh & Sejnowski 2018, NeurIPS; Wu et al. 2018",
    ),
    SPIKINGJELLY.surrogate(
        "squarewave_fourier_series",
        "derivative of the first terms of the Fourier series of a square wave; negative in places",
        "d(z) = (4/T)·Σ cos((2i − 1)·2π·z/T), i = 1 … n − 1",
        {
            "n": Param(2, low=2, high=64, doc="n, one more than the terms"),
            "T_period": Param(8.0, low=1e-6, doc="period T of the wave"),
        },
    ),
    SPIKINGJELLY.surrogate(
        "s2nn",
        "sigmoid below the threshold, reciprocal above it",
        "d(z) = α·σ(α·z)·(1 − σ(α·z)) where z < 0, else β/(z + 1)",
        {
            "alpha": _alpha(4.0, "steepness α below the threshold"),
            "beta": Param(1.0, low=1e-6, doc="gradient β at the threshold, from above"),
        },
        reference="Suetake et al. 2022, arXiv:2201.10879",
    ),
    SPIKINGJELLY.surrogate(
        "q_pseudo_spike",
        "power law on both sides, peak 1",
        "d(z) = (1 + 2·|z|/(α − 1))^(−α)",
        {"alpha": Param(2.0, low=1.000001, doc="exponent α of the tail")},
        reference="Herranz-Celotti & Rouat 2022, arXiv:2202.00282",
    ),
    SPIKINGJELLY.surrogate(
        "leaky_k_relu",
        "one constant below the threshold, another from it on",
        "d(z) = leak where z < 0, else k",
        {
            "leak": Param(0.0, doc="gradient below the threshold"),
            "k": Param(1.0, doc="gradient from the threshold on"),
        },
    ),
    SPIKINGJELLY.surrogate(
        "fake_numerical_gradient",
        "difference quotient of the step, cut off at α",
        "d(z) = min(sign(z)/z, α)",
        {"alpha": _alpha(0.3, "greatest gradient α")},
    ),
    SPIKINGJELLY.surrogate(
        "log_tailed_relu",
        "1 up to one above the threshold, then falling; a constant below",
        "d(z) = α where z ≤ 0, 1 where 0 < z ≤ 1, else 1/z",
        {"alpha": Param(0.0, doc="gradient α below the threshold")},
        reference="Cai et al. 2017, arXiv:1702.00953",
    ),
    SPIKINGJELLY.surrogate("deterministic_pass", "gradient passed on unchanged", "d(z) = 1"),
    SPIKINGJELLY.surrogate(
        "rect",
        "box around the threshold, area 1",
        "d(z) = α where |z| < 1/(2α), else 0",
        {"alpha": _alpha(1.0, "height α of the box")},
    ),
)
