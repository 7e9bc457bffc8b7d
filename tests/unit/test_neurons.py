"""Neurons against loops written here from the equations, and the properties that all must have."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from snnbench.components import neurons as listing
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.rlif import RLIF
from snnbench.components.neurons.synaptic import Synaptic
from snnbench.components.surrogates.atan import ATan
from snnbench.engine.neuron import Neuron

Array = NDArray[np.float64]
STEPS, BATCH, WIDTH = 200, 3, 4


def make(name: str, **params: object) -> Neuron:
    spec = next(spec for spec in listing.SPECS if spec.name == name)
    surrogate = None if spec.spike == "none" else ATan()
    neuron = spec.load()((WIDTH,), surrogate, torch.Generator().manual_seed(1), **params)
    assert isinstance(neuron, Neuron)
    return neuron


def drive(steps: int = STEPS, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.randn(steps, BATCH, WIDTH, generator=generator, dtype=torch.float64).to(dtype) * 0.7


def step(z: Array) -> Array:
    return (z > 0).astype(float)


def lif_loop(x: Array, beta: float, reset: str, delay: bool) -> Array:
    u, s, out = np.zeros_like(x[0]), np.zeros_like(x[0]), []
    for x_t in x:
        if delay:
            u = beta * (1 - s) * u + x_t if reset == "zero" else beta * u + x_t - (reset == "subtract") * s
            s = step(u - 1)
        else:
            u = beta * u + x_t
            s = step(u - 1)
            u = u * (1 - s) if reset == "zero" else u - (reset == "subtract") * s
        out.append(s)
    return np.stack(out)


@pytest.mark.parametrize("delay", [True, False])
@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_lif_is_its_equation(reset: str, delay: bool) -> None:
    x = drive()
    spikes, _ = make("lif", beta=0.9, reset=reset, reset_delay=delay)(x)
    expected = lif_loop(x.numpy(), 0.9, reset, delay)
    assert 0.01 < expected.mean() < 0.9
    np.testing.assert_array_equal(spikes.numpy(), expected)


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_synaptic_is_its_equation(reset: str) -> None:
    x = drive() * 0.3
    i, u, out = np.zeros(x.shape[1:]), np.zeros(x.shape[1:]), []
    for x_t in x.numpy():
        r = step(u - 1)
        i = 0.8 * i + x_t
        u = (1 - r) * (0.9 * u + i) if reset == "zero" else 0.9 * u + i - (reset == "subtract") * r
        out.append(step(u - 1))
    spikes, (current, membrane) = make("synaptic", alpha=0.8, beta=0.9, reset=reset)(x)
    assert 0.01 < np.mean(out) < 0.9
    np.testing.assert_array_equal(spikes.numpy(), np.stack(out))
    np.testing.assert_allclose(current.numpy(), i, atol=1e-10)
    np.testing.assert_allclose(membrane.numpy(), u, atol=1e-10)


def test_rlif_is_its_equation() -> None:
    x = drive()
    neuron = make("rlif", beta=0.9, rec_strength=1.5).double()
    assert isinstance(neuron, RLIF)
    weight = neuron.weight.detach().numpy()
    u, s, out = np.zeros(x.shape[1:]), np.zeros(x.shape[1:]), []
    for x_t in x.numpy():
        u = 0.9 * u + x_t + 1.5 * s @ weight.T - s
        s = step(u - 1)
        out.append(s)
    np.testing.assert_array_equal(neuron(x)[0].detach().numpy(), np.stack(out))


def test_lif_gradient_is_the_hand_derived_one() -> None:
    """dL/dx for one neuron and two steps, by the chain rule on paper, reset attached and detached."""
    x = torch.tensor([[[0.8]], [[0.9]]], dtype=torch.float64, requires_grad=True)
    d = ATan().derivative
    u0, u1 = 0.8, 0.9 * 0.8 + 0.9
    for detach in (False, True):
        neuron = LIF((1,), ATan(), torch.Generator(), beta=0.9, detach_reset=detach)
        (gradient,) = torch.autograd.grad(neuron(x)[0].sum(), x)
        d0, d1 = (float(d(torch.tensor(u - 1, dtype=torch.float64))) for u in (u0, u1))
        through = 0.9 if detach else 0.9 - d0
        np.testing.assert_allclose(gradient.flatten().numpy(), [d0 + d1 * through, d1], rtol=1e-12)


@pytest.mark.parametrize("name", [spec.name for spec in listing.SPECS])
@settings(max_examples=20, deadline=None)
@given(steps=st.integers(1, 12), cut=st.integers(0, 12), seed=st.integers(0, 99))
def test_a_split_sequence_and_a_step_loop_equal_the_whole(name: str, steps: int, cut: int, seed: int) -> None:
    neuron = make(name).double()
    x = torch.randn(steps, BATCH, WIDTH, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    whole, last = neuron(x)
    state, outputs = neuron.initial_state(x[0]), []
    for x_t in x:
        y_t, state = neuron.step(x_t, state)
        outputs.append(y_t)
    assert torch.equal(torch.stack(outputs), whole)
    assert all(torch.equal(a, b) for a, b in zip(state, last, strict=True))
    if 0 < cut < steps:
        first, middle = neuron(x[:cut])
        second, _ = neuron(x[cut:], middle)
        assert torch.equal(torch.cat([first, second]), whole)


@pytest.mark.parametrize("name", [spec.name for spec in listing.SPECS])
def test_batch_entries_are_independent_and_nothing_is_kept(name: str) -> None:
    neuron, x = make(name).double(), drive(20)
    before = x.clone()
    whole = neuron(x)[0]
    assert torch.equal(neuron(x)[0], whole)
    assert torch.equal(x, before)
    for entry in range(BATCH):
        torch.testing.assert_close(neuron(x[:, entry : entry + 1])[0], whole[:, entry : entry + 1])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("name", [spec.name for spec in listing.SPECS])
def test_dtype_is_kept(name: str, dtype: torch.dtype) -> None:
    neuron = make(name).to(dtype)
    y, state = neuron(drive(5, dtype))
    assert {y.dtype, *(tensor.dtype for tensor in state)} == {dtype}


@pytest.mark.parametrize("spec", listing.SPECS, ids=lambda spec: spec.name)
def test_spec_matches_the_class(spec: object) -> None:
    neuron = make(spec.name)  # type: ignore[attr-defined]
    factory: Callable[..., object] = spec.load()  # type: ignore[attr-defined]
    assert neuron.states == spec.states  # type: ignore[attr-defined]
    assert len(neuron.initial_state(drive()[0])) == len(neuron.states)
    keywords = {
        name: parameter.default
        for name, parameter in inspect.signature(factory).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    assert keywords == {name: param.default for name, param in spec.params.items()}  # type: ignore[attr-defined]


@pytest.mark.parametrize("per_neuron", [False, True])
def test_learned_values_get_gradients_and_start_where_told(per_neuron: bool) -> None:
    neuron = make("lif", beta=0.9, learn_beta=True, learn_threshold=True, per_neuron=per_neuron).double()
    plain = make("lif", beta=float(torch.tensor(0.9)))
    x = drive(50)
    assert torch.equal(neuron(x)[0], plain(x)[0])
    neuron(x)[0].sum().backward()
    shapes = {name: tuple(value.shape) for name, value in neuron.named_parameters()}
    assert shapes == dict.fromkeys(("beta", "threshold"), (WIDTH,) if per_neuron else ())
    assert all(p.grad is not None and bool((p.grad != 0).all()) for p in neuron.parameters())


def test_a_learned_decay_is_clipped_on_use() -> None:
    neuron = make("synaptic", learn_alpha=True, learn_beta=True)
    assert isinstance(neuron, Synaptic)
    for value in (neuron.alpha, neuron.beta):
        assert isinstance(value, torch.nn.Parameter)
        value.data.fill_(1.5)
    held = make("synaptic", alpha=1.0, beta=1.0)
    x = drive(20)
    assert torch.equal(neuron(x)[0], held(x)[0])


def test_leak_exponent() -> None:
    assert make("lif", beta=0.9).leak_exponent() == pytest.approx(math.log(0.9))
    assert make("lif", beta=0.0).leak_exponent() == -math.inf
    assert make("lif", reset="zero").leak_exponent() is None
    assert make("synaptic", alpha=0.8, beta=0.7).leak_exponent() == pytest.approx(math.log(0.8))
    assert make("relu").leak_exponent() is None
