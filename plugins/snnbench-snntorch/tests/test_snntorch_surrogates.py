"""Each surrogate against the bare function of snntorch: spikes, gradient, and every kind of derivative."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from snntorch import surrogate as theirs
from torch import Tensor
from torch.func import jvp, vmap

from snnbench import Surrogate
from snnbench_snntorch import SURROGATES

BARE: dict[str, tuple[Callable[..., Any], dict[str, float]]] = {
    "atan": (theirs.atan, {"alpha": 3.0}),
    "fast_sigmoid": (theirs.fast_sigmoid, {"slope": 10.0}),
    "sigmoid": (theirs.sigmoid, {"slope": 10.0}),
    "straight_through_estimator": (theirs.straight_through_estimator, {}),
    "triangular": (theirs.triangular, {"threshold": 0.7}),
    "heaviside": (theirs.heaviside, {}),
    "spike_rate_escape": (theirs.spike_rate_escape, {"beta": 2.0, "slope": 5.0}),
    "sfs": (theirs.SFS, {"slope": 10.0, "B": 0.25}),
}
Z = torch.linspace(-2, 2, 33, dtype=torch.float64)


def component(name: str, **params: float) -> Surrogate:
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
    assert surrogate(Z).dtype == torch.float64
    assert torch.equal(surrogate(Z).float(), function(Z))
    assert float(surrogate(torch.zeros(1))) == 0, "a membrane at threshold is silent"
    assert torch.equal(gradient(surrogate, Z), gradient(function, Z))
    assert torch.equal(surrogate.derivative(Z), gradient(function, Z))


@pytest.mark.parametrize("name", BARE)
def test_its_defaults_are_those_of_snntorch(name: str) -> None:
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
