"""The spike functions of ``spikingjelly.activation_based.surrogate``, with its parameters."""

from __future__ import annotations

from functools import partial
from typing import Final

from spikingjelly.activation_based import surrogate

from snnbench import LibrarySurrogate

sigmoid: Final = partial(LibrarySurrogate, surrogate.Sigmoid)
atan: Final = partial(LibrarySurrogate, surrogate.ATan)
piecewise_quadratic: Final = partial(LibrarySurrogate, surrogate.PiecewiseQuadratic)
piecewise_exp: Final = partial(LibrarySurrogate, surrogate.PiecewiseExp)
soft_sign: Final = partial(LibrarySurrogate, surrogate.SoftSign)
super_spike: Final = partial(LibrarySurrogate, surrogate.SuperSpike)
erf: Final = partial(LibrarySurrogate, surrogate.Erf)
nonzero_sign_log_abs: Final = partial(LibrarySurrogate, surrogate.NonzeroSignLogAbs)
piecewise_leaky_relu: Final = partial(LibrarySurrogate, surrogate.PiecewiseLeakyReLU)
squarewave_fourier_series: Final = partial(LibrarySurrogate, surrogate.SquarewaveFourierSeries)
s2nn: Final = partial(LibrarySurrogate, surrogate.S2NN)
q_pseudo_spike: Final = partial(LibrarySurrogate, surrogate.QPseudoSpike)
leaky_k_relu: Final = partial(LibrarySurrogate, surrogate.LeakyKReLU)
fake_numerical_gradient: Final = partial(LibrarySurrogate, surrogate.FakeNumericalGradient)
log_tailed_relu: Final = partial(LibrarySurrogate, surrogate.LogTailedReLU)
deterministic_pass: Final = partial(LibrarySurrogate, surrogate.DeterministicPass)
rect: Final = partial(LibrarySurrogate, surrogate.Rect)
