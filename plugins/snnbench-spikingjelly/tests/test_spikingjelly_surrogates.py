"""Each surrogate against the bare function of SpikingJelly: spikes, gradient, and every derivative."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from spikingjelly.activation_based import surrogate as theirs
from torch import Tensor
from torch.func import jvp, vmap

from snnbench import Surrogate, make_surrogate
from snnbench_spikingjelly import SURROGATES
from snnbench_spikingjelly.adapters import AtThreshold

BARE: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "sigmoid": (theirs.Sigmoid, {"alpha": 3.0}),
    "atan": (theirs.ATan, {"alpha": 3.0}),
    "piecewise_quadratic": (theirs.PiecewiseQuadratic, {"alpha": 1.5}),
    "piecewise_exp": (theirs.PiecewiseExp, {"alpha": 1.5}),
    "soft_sign": (theirs.SoftSign, {"alpha": 1.5}),
    "super_spike": (theirs.SuperSpike, {"alpha": 1.5}),
    "erf": (theirs.Erf, {"alpha": 1.5}),
    "nonzero_sign_log_abs": (theirs.NonzeroSignLogAbs, {"alpha": 1.5}),
    "piecewise_leaky_relu": (theirs.PiecewiseLeakyReLU, {"w": 0.7, "c": 0.1}),
    "squarewave_fourier_series": (theirs.SquarewaveFourierSeries, {"n": 4, "T_period": 5.0}),
    "s2nn": (theirs.S2NN, {"alpha": 3.0, "beta": 0.5}),
    "q_pseudo_spike": (theirs.QPseudoSpike, {"alpha": 1.5}),
    "leaky_k_relu": (theirs.LeakyKReLU, {"leak": 0.2, "k": 0.7}),
    "fake_numerical_gradient": (theirs.FakeNumericalGradient, {"alpha": 0.7}),
    "log_tailed_relu": (theirs.LogTailedReLU, {"alpha": 0.2}),
    "deterministic_pass": (theirs.DeterministicPass, {}),
    "rect": (theirs.Rect, {"alpha": 1.5}),
}
Z = torch.linspace(-2, 2, 33, dtype=torch.float64)


def component(name: str, **params: Any) -> Surrogate:
    spec = next(spec for spec in SURROGATES if spec.name == name)
    made = spec.load()(**spec.resolve(tuple(params.items())))
    assert isinstance(made, Surrogate)
    return made


def gradient(function: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    z = z.clone().requires_grad_()
    return torch.autograd.grad(function(z).sum(), z)[0]


def test_every_surrogate_is_compared() -> None:
    assert {spec.name for spec in SURROGATES} == set(BARE)


@pytest.mark.parametrize("name", BARE)
def test_it_is_the_bare_function(name: str) -> None:
    factory, params = BARE[name]
    surrogate, function = component(name, **params), factory(**params)
    assert torch.equal(surrogate(Z), function(Z))
    assert float(surrogate(torch.zeros(1))) == 1, "a membrane at threshold fires"
    assert torch.equal(gradient(surrogate, Z), gradient(function, Z))
    assert torch.equal(surrogate.derivative(Z), gradient(function, Z))


@pytest.mark.parametrize("name", BARE)
def test_its_defaults_are_those_of_spikingjelly(name: str) -> None:
    assert torch.equal(gradient(component(name), Z), gradient(BARE[name][0](), Z))


@pytest.mark.parametrize("name", BARE)
def test_it_has_tangents_copies_and_a_name(name: str) -> None:
    surrogate = component(name)
    pushed = jvp(surrogate, (Z,), (torch.full_like(Z, 2.0),))[1]
    assert torch.equal(pushed, 2 * surrogate.derivative(Z))
    assert torch.equal(vmap(surrogate.derivative)(Z.view(3, 11)).flatten(), surrogate.derivative(Z))
    again = pickle.loads(pickle.dumps(surrogate))
    assert repr(again) == repr(surrogate)
    assert torch.equal(again.derivative(Z), surrogate.derivative(Z))
    assert all(f"{name}=" in repr(surrogate) for name in BARE[name][1])


@pytest.mark.parametrize(
    ("text", "own"),
    [("atan(alpha=3)", theirs.ATan(alpha=3.0)), ("sigmoid(slope=5)", theirs.Sigmoid(alpha=5.0))],
)
def test_a_built_in_surrogate_that_equals_one_of_spikingjelly_has_its_kernels(text: str, own: Any) -> None:
    surrogate = AtThreshold(make_surrogate(text))
    function = surrogate.function
    assert (type(function), function.alpha) == (type(own), own.alpha)
    z = torch.linspace(-4, 4, 801, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(function(z).sum(), z)
    torch.testing.assert_close(surrogate.derivative(z.detach()), slope, rtol=1e-12, atol=1e-12)
    other = AtThreshold(make_surrogate("triangular"))
    assert other.function is other, "it has none of this derivative"
