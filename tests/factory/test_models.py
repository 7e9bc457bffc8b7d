"""Components made from Python, by the names a matrix uses."""

from __future__ import annotations

import pytest
import torch

import snnbench
from snnbench.errors import UsageError


def test_a_neuron_is_made_with_its_parameters_dtype_and_surrogate() -> None:
    neuron = snnbench.make_neuron(
        "lif(beta=0.5, learn_beta=true)", (3,), surrogate="straight_through", dtype=torch.float64
    )
    assert {p.dtype for p in neuron.parameters()} == {torch.float64}
    x = torch.full((2, 1, 3), 0.9, dtype=torch.float64, requires_grad=True)
    spikes, (membrane,) = neuron(x)
    assert spikes.tolist() == [[[0.0] * 3], [[1.0] * 3]]
    torch.testing.assert_close(membrane, torch.full((1, 3), 1.35, dtype=torch.float64))
    # straight through, reset attached: ds2/dx1 = beta − 1, and ds1/dx1 = 1
    (gradient,) = torch.autograd.grad(spikes.sum(), x)
    torch.testing.assert_close(gradient[:, 0, 0], torch.tensor([0.5, 1.0], dtype=torch.float64))


@pytest.mark.parametrize("theta", [0.5, 1.0, 3.0, 0.7])
@pytest.mark.parametrize("text", ["lib", "lit", "lits", "dsrlib", "dlit", "lif(learn_threshold=true)"])
@pytest.mark.parametrize("width", [1, 9])
def test_a_membrane_at_the_threshold_is_silent_in_float64(text: str, theta: float, width: int) -> None:
    ternary = "lit" in text
    given = ",".join(f"{part}threshold={theta}" for part in (("pos_", "neg_") if ternary else ("",)))
    text = text.replace(")", f",{given})") if ")" in text else f"{text}({given})"
    neuron = snnbench.make_neuron(text, (width,), surrogate="atan", dtype=torch.float64)
    arrives = 0.5 if text.startswith("ds") else 1  # of the first input, through a synapse with α = ½
    for sign in (1, -1) if ternary else (1,):
        x = torch.full((1, 2, width), sign * theta / arrives, dtype=torch.float64)
        assert not neuron(x)[0].any()
        assert (neuron(x * (1 + 1e-12))[0] == sign).all()


def test_float64_parameters_are_the_numbers_given() -> None:
    learned = snnbench.make_neuron("lif(beta=0.95,learn_beta=true)", (3,), dtype=torch.float64)
    assert float(learned.get_parameter("beta").detach()) == 0.95
    trace = snnbench.make_neuron("lib(beta=0.9)", (3,), dtype=torch.float64)
    assert trace.get_parameter("raw_beta").sigmoid().tolist() == pytest.approx([0.9] * 3, rel=4e-16)
    assert torch.get_default_dtype() == torch.float32
    with pytest.raises(UsageError):
        snnbench.make_neuron("alpha(alpha=0.5, beta=0.9)", (3,), dtype=torch.float64)
    assert torch.get_default_dtype() == torch.float32


def test_a_neuron_that_does_not_spike_needs_no_surrogate() -> None:
    assert snnbench.make_neuron("relu", (3,), surrogate="nothing")(torch.ones(1, 1, 3))[0].sum() == 3


def test_weights_come_from_the_seed_alone() -> None:
    first, second, other = (snnbench.make_neuron("rlif", (4,), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(*(next(one.parameters()) for one in (first, second)))
    assert not torch.equal(*(next(one.parameters()) for one in (first, other)))


def test_a_surrogate_is_made_with_its_parameters() -> None:
    assert repr(snnbench.make_surrogate("atan(alpha=4)")) == "ATan(alpha=4.0)"


def test_an_encoder_draws_from_its_own_seed() -> None:
    x, state = torch.full((2, 5), 0.5), torch.random.get_rng_state()
    first, second = (
        snnbench.make_encoder("rate", steps=9, seed=3),
        snnbench.make_encoder("rate", steps=9, seed=3),
    )
    once, again = first(x), first(x)
    assert once.shape == (9, 2, 5)
    assert not torch.equal(once, again)
    assert torch.equal(once, second(x))
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_dataset_is_made_with_its_parameters() -> None:
    data = snnbench.make_dataset("digits")
    assert data.shape == (1, 8, 8)
    assert data.classes == 10


def test_a_network_maps_steps_to_logits() -> None:
    network = snnbench.make_network("dense(hidden=[7,5])", (8, 8), 10, neuron="synaptic", surrogate="atan")
    assert [tuple(p.shape) for p in network.parameters() if p.dim() == 2] == [(7, 64), (5, 7), (10, 5)]
    assert network(torch.rand(4, 2, 8, 8)).shape == (2, 10)


@pytest.mark.parametrize("readout", ["spike_sum", "spike_mean"])
def test_no_hidden_layer_leaves_a_membrane_readout_alone(readout: str) -> None:
    with pytest.raises(UsageError, match="no hidden layer"):
        snnbench.make_network(f"dense(hidden=[],readout={readout})", (8, 8), 10)
    network = snnbench.make_network("dense(hidden=[],readout=membrane_mean)", (8, 8), 10)
    assert network(torch.rand(4, 2, 8, 8)).shape == (2, 10)


@pytest.mark.parametrize("bad", [-1, 0, 2.5, "3", True, None])
def test_what_is_no_count_is_said(bad: object) -> None:
    with pytest.raises(UsageError, match=r"steps: .* is not a whole number from 1 on"):
        snnbench.make_encoder("rate", steps=bad)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"classes: .* is not a whole number from 1 on"):
        snnbench.make_network("conv", (1, 8, 8), bad)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"input_shape: .* is not a whole number from 1 on"):
        snnbench.make_network("conv", (bad, 8, 8), 3)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"image_size: .* is not a whole number from 1 on"):
        snnbench.create_conv_snn(image_size=(bad, 8))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"features: .* is not a whole number from 1 on"):
        snnbench.make_neuron("lif", (3, bad))  # type: ignore[arg-type]


@pytest.mark.parametrize("architecture", [None, 3, "resnet"])
def test_an_unknown_architecture_is_said(architecture: object) -> None:
    with pytest.raises(UsageError, match="no convolutional architecture"):
        snnbench.create_conv_snn(architecture)  # type: ignore[arg-type]


def test_a_number_that_is_not_finite_is_said() -> None:
    with pytest.raises(UsageError, match="nan is not a finite number"):
        snnbench.create_conv_snn(dropout=float("nan"))


def test_a_number_where_a_shape_belongs_is_said() -> None:
    with pytest.raises(UsageError, match="features=3 is not a tuple"):
        snnbench.make_neuron("lif", 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["lif", "gru", "relu", "dsrlits"])
def test_no_steps_are_said(text: str) -> None:
    with pytest.raises(UsageError, match="T ≥ 1"):
        snnbench.make_neuron(text, (3,))(torch.zeros(0, 2, 3))
    network = snnbench.make_network("dense", (3,), 4, neuron=text)
    with pytest.raises(UsageError, match="T ≥ 1"):
        network(torch.zeros(0, 2, 3))


@pytest.mark.parametrize(
    ("make", "text", "said"),
    [
        (snnbench.make_surrogate, "atn", "unknown surrogate 'atn'"),
        (snnbench.make_encoder, "rate(gian=1)", "has no parameter 'gian'"),
        (snnbench.make_surrogate, "atan(alpha=nan)", "nan is not a finite number"),
        (snnbench.make_surrogate, "stochastic(mean=inf)", "inf is not a finite number"),
        (snnbench.make_dataset, "digit", "unknown dataset 'digit'"),
        (lambda text: snnbench.make_neuron(text, (3,)), "lif(beta=2)", "is outside 0 … 1"),
        (lambda text: snnbench.make_network(text, (8, 8), 10), "dens", "unknown network 'dens'"),
    ],
)
def test_what_is_misspelt_is_said(make: object, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make(text)  # type: ignore[operator]


def test_an_object_in_place_of_a_text_is_refused() -> None:
    with pytest.raises(UsageError, match=r"surrogate=ATan\(.*\) is not a text"):
        snnbench.make_neuron("lif", (3,), surrogate=snnbench.make_surrogate("atan"))  # type: ignore[arg-type]


def test_a_star_import_gives_all_names() -> None:
    names: dict[str, object] = {}
    exec("from snnbench import *", names)
    assert {"Neuron", "NeuronSpec", "SurrogateSpec", "make_neuron", "hookimpl", "lyapunov"} <= set(names)
