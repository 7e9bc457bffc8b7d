"""The trace family: the properties that all 24 must have, its parameters, and its exponents."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import Parameter

from snnbench.components.neurons.trace import Trace
from snnbench.components.neurons.trace_parameters import read, store
from snnbench.components.neurons.trace_specs import TRACE_SPECS
from snnbench.components.neurons.trace_variant import VARIANTS
from snnbench.components.surrogates.atan import ATan
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError
from snnbench.measure.stability.tangent import spectrum
from snnbench.plugin.specs import NeuronSpec

BATCH, WIDTH = 3, 4
each = pytest.mark.parametrize("spec", TRACE_SPECS, ids=lambda spec: spec.name)


def make(name: str, surrogate: Surrogate | None = None, **params: object) -> Trace:
    return Trace(VARIANTS[name], (WIDTH,), surrogate or ATan(), torch.Generator(), **params)


def lively(name: str, surrogate: Surrogate | None = None) -> Trace:
    """In float64, with every parameter of every neuron its own."""
    neuron = make(name, surrogate).double()
    generator = torch.Generator().manual_seed(3)
    for raw in neuron.parameters():
        raw.data += 0.3 * torch.randn(raw.shape, generator=generator, dtype=raw.dtype)
    return neuron


def drive(steps: int, seed: int = 7) -> torch.Tensor:
    return torch.randn(
        steps, BATCH, WIDTH, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def test_the_24_names() -> None:
    prefixes = ("", "d", "s", "r", "ds", "dr", "sr", "dsr")
    expected = {prefix + output for prefix in prefixes for output in ("lib", "lit", "lits")}
    assert {spec.name for spec in TRACE_SPECS} == expected
    assert len(TRACE_SPECS) == 24


@each
def test_claims(spec: NeuronSpec) -> None:
    neuron = lively(spec.name)
    y, state = neuron(drive(100))
    values = set(y.flatten().tolist())
    assert neuron.states == spec.state_names()
    assert len(state) == len(spec.state_names())
    assert ("rec" in "".join(spec.state_names())) is spec.recurrent
    assert spec.recurrent is ("r" in spec.name)
    match spec.spike:
        case "binary":
            assert values == {0, 1}
        case "ternary":
            assert values == {-1, 0, 1}
        case _:
            assert spec.name.endswith("lits")
            assert len(values) > 3


@pytest.mark.parametrize("name", ["lib", "lit"])
def test_silent_exactly_at_the_threshold(name: str) -> None:
    neuron = make(name).double().requires_grad_(False)
    names = ("threshold",) if name == "lib" else ("pos_threshold", "neg_threshold")
    theta = [float(neuron._value(part, torch.zeros(1, dtype=torch.float64))[0]) for part in names]
    for at, sign in zip(theta, (1, -1), strict=False):
        x = torch.full((1, 1, WIDTH), sign * at, dtype=torch.float64)
        assert not neuron(x)[0].any()
        assert (neuron(x * (1 + 1e-12))[0] == sign).all()


@given(theta=st.floats(1e-6, 80), dtype=st.sampled_from([torch.float32, torch.float64]))
def test_a_threshold_reads_back_as_itself_or_just_above(theta: float, dtype: torch.dtype) -> None:
    value = torch.full((5,), theta, dtype=dtype)
    back = read("threshold", store("threshold", value, 1, 5))
    assert (back >= value).all()
    slack = 4 * torch.finfo(dtype).eps * (1 + abs(math.log(theta)) + 1 / max(theta, 1))
    assert (back <= value * (1 + slack)).all()


@each
@settings(max_examples=8, deadline=None)
@given(steps=st.integers(1, 10), cut=st.integers(0, 10), seed=st.integers(0, 99))
def test_a_split_sequence_and_a_step_loop_equal_the_whole(
    spec: NeuronSpec, steps: int, cut: int, seed: int
) -> None:
    neuron, x = lively(spec.name), drive(steps, seed)
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


@each
def test_pure_and_batch_entries_independent(spec: NeuronSpec) -> None:
    neuron, x = lively(spec.name, GradedSigmoid()), drive(20)
    x_before = x.clone()
    whole, state = neuron(x)
    before = [tensor.clone() for tensor in state]
    again, _ = neuron(x)
    neuron(x, state)
    assert torch.equal(again, whole)
    assert torch.equal(x, x_before)
    assert all(torch.equal(a, b) for a, b in zip(state, before, strict=True))
    assert all(tensor.shape == x[0].shape for tensor in state)
    for entry in range(BATCH):  # another batch size, same result
        torch.testing.assert_close(neuron(x[:, entry : entry + 1])[0], whole[:, entry : entry + 1])


@each
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_dtype_is_the_input_s(spec: NeuronSpec, dtype: torch.dtype) -> None:
    for neuron in (make(spec.name), make(spec.name).to(dtype)):
        y, state = neuron(drive(5).to(dtype))
        assert {y.dtype, *(tensor.dtype for tensor in state)} == {dtype}


@each
def test_every_parameter_has_its_rank_and_may_be_held(spec: NeuronSpec) -> None:
    variant = VARIANTS[spec.name]
    scalars = make(spec.name, **{f"{name}_rank": 0 for name in variant.values})
    held = make(spec.name, **{f"learn_{name}": False for name in variant.values})
    names = [f"raw_{name}" for name in variant.values]
    assert {name: value.shape for name, value in scalars.named_parameters()} == dict.fromkeys(names, ())
    assert {name: value.shape for name, value in held.named_buffers()} == dict.fromkeys(names, (WIDTH,))
    assert not list(held.parameters())
    x = drive(30).float()
    torch.testing.assert_close(scalars(x)[0], held(x)[0])
    torch.testing.assert_close(make(spec.name)(x)[0], held(x)[0])


@each
def test_spec_is_the_factory_and_travels(spec: NeuronSpec) -> None:
    copy = pickle.loads(pickle.dumps(spec))
    x = drive(10).float()
    neuron = copy.load()((WIDTH,), ATan(), torch.Generator(), **copy.resolve(()))
    assert torch.equal(neuron(x)[0], make(spec.name)(x)[0])


@pytest.mark.parametrize(
    ("name", "params", "stored"),
    [
        ("lib", {"beta": 0.8}, {"raw_beta": math.log(0.8 / 0.2)}),
        ("lit", {"neg_threshold": 2.5}, {"raw_neg_threshold": math.log(math.expm1(2.5))}),
        ("lib", {"bias": -1.5}, {"raw_bias": math.sinh(-1.5)}),
        ("rlits", {"pos_scale": -2.0, "rec_weight": 0.3}, {"raw_pos_scale": -2.0, "raw_rec_weight": 0.3}),
        ("dsrlib", {"neg_gamma": 0.7, "pos_alpha": 0.1}, {"raw_neg_gamma": math.log(0.7 / 0.3)}),
    ],
)
def test_parameters_are_stored_unconstrained(
    name: str, params: dict[str, float], stored: dict[str, float]
) -> None:
    given_64 = {key: torch.tensor(value, dtype=torch.float64) for key, value in params.items()}
    neuron = make(name, **given_64)
    for key, value in stored.items():
        assert float(getattr(neuron, key)) == pytest.approx(value, rel=1e-14)
    for key, value in params.items():
        assert float(neuron._value(key, torch.zeros(1, dtype=torch.float64))) == pytest.approx(
            value, rel=1e-14
        )


def test_a_given_tensor_is_copied() -> None:
    scale = torch.ones(WIDTH)
    neuron = make("lits", pos_scale=scale)
    scale += 1
    assert isinstance(neuron.raw_pos_scale, Parameter)
    assert neuron.raw_pos_scale.tolist() == [1] * WIDTH


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"beta": 1.0}, "beta has a value that cannot be stored"),
        ({"beta": torch.tensor([0.5, 0.5, 0.5, 0.0])}, "beta has a value that cannot be stored"),
        ({"threshold": -1.0}, "threshold has a value that cannot be stored"),
        ({"threshold": math.nan}, "threshold has a value that cannot be stored"),
        ({"beta": torch.full((WIDTH + 1,), 0.5)}, r"beta has shape \(5,\)"),
        ({"beta_rank": 2}, r"beta has shape \(4, 4\)"),
        ({"alpha": 0.5}, "'lib' has no parameter 'alpha'"),
        ({"dim": 0}, "dim=0 is no axis"),
        ({"dim": 2}, "dim=2 is no axis"),
        ({"dim": -2}, "dim=-2 is no axis"),
    ],
)
def test_bad_parameters_are_refused(params: dict[str, object], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        make("lib", **params)


@each
def test_frozen_spikes_leave_the_slowest_decay(spec: NeuronSpec) -> None:
    """The exponent measured on tangents is the closed form; both differ between neurons of the layer."""
    neuron = lively(spec.name).requires_grad_(False)
    x = drive(450)[:, :1]
    found = spectrum(neuron.step, neuron.initial_state(x[0]), x, 1, derivative="true", transient=150)
    expected = neuron.leak_exponent()
    assert expected is not None
    np.testing.assert_allclose(float(found.exponents), expected, atol=3 / 300)


def test_graded_spikes_are_not_frozen() -> None:
    assert make("dsrlib", GradedSigmoid()).leak_exponent() is None
    beta = torch.tensor([0.5, 0.7, 0.9, 0.2], dtype=torch.float64)
    assert make("lib", beta=beta).leak_exponent() == pytest.approx(math.log(0.9), rel=1e-12)
    assert make("slib", beta=beta, alpha=0.95).leak_exponent() == pytest.approx(math.log(0.95), rel=1e-6)
