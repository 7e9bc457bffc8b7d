from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import snnbench
from snnbench.components.networks.dense import dense
from snnbench.components.neurons.li import LI
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.synaptic import Synaptic
from snnbench.components.surrogates.atan import ATan
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.core.pooling import READOUTS, Readout, pool
from snnbench.errors import UsageError


def build(hidden: tuple[int, ...] = (5, 6), readout: Readout = "spike_sum", seed: int = 0) -> Network:
    generator = torch.Generator().manual_seed(seed)

    def neuron(features: tuple[int, ...]) -> Neuron:
        kind = LIF if features == (5,) else Synaptic
        return kind(features, ATan(), generator)

    return dense((1, 2, 3), 4, neuron, generator, hidden=hidden, readout=readout)


def drive(steps: int = 12) -> torch.Tensor:
    return 2 * torch.randn(steps, 3, 1, 2, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_step_by_step_equals_layer_by_layer() -> None:
    network, x = build().double(), drive()
    state, outputs = network.initial_state(x[0]), []
    assert len(state) == 3
    for x_t in x:
        y_t, state = network.step(x_t, state)
        outputs.append(y_t)
    whole = network.outputs(x)[-1]
    assert whole.sum() > 0
    assert torch.equal(torch.stack(outputs), whole)
    torch.testing.assert_close(network(x), network.classify(whole))


@pytest.mark.parametrize(
    "network", ["dense(hidden=[7])", "conv(channels=[3])", "conv(channels=[3], norm=per_step)"]
)
@pytest.mark.parametrize("neuron", ["lif", "relu", "lstm"])
@pytest.mark.parametrize("training", [True, False])
def test_a_repeated_step_is_worth_its_copies(network: str, neuron: str, training: bool) -> None:
    """Outputs and gradients of steps that are one in memory and of copies of it."""
    image = 3 * torch.rand(4, 2, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = image.expand(9, *image.shape)
    found = []
    for copied in (False, True):
        made = snnbench.make_network(network, (2, 4, 4), 3, neuron=neuron, surrogate="atan").double()
        made.train(training)
        logits = made(x.clone() if copied else x)
        logits.square().sum().backward()
        found.append([logits.detach(), *(one.grad for one in made.parameters()), *made.buffers()])
    assert logits.abs().sum() > 0
    torch.testing.assert_close(*found)


def test_each_copy_of_a_repeated_step_has_a_gradient_of_its_own() -> None:
    network, image = build(hidden=(5,)), torch.rand(3, 1, 2, 3)
    gradients = []
    for x in (image.expand(12, *image.shape), image.repeat(12, 1, 1, 1, 1)):
        (gradient,) = torch.autograd.grad(network(x.requires_grad_()).square().sum(), x)
        gradients.append(gradient)
    assert gradients[1].abs().sum((1, 2, 3, 4)).count_nonzero() > 6
    torch.testing.assert_close(*gradients)


def test_a_repeated_step_is_multiplied_once_and_populations_get_all_steps_in_memory() -> None:
    network = build(hidden=(5,))
    seen: list[torch.Tensor] = []
    for layer in network.layers:
        layer.register_forward_pre_hook(lambda layer, given: seen.append(given[0]))
    network(torch.rand(3, 1, 2, 3).expand(12, 3, 1, 2, 3))
    assert [tuple(x.shape) for x in seen] == [(3, 1, 2, 3), (3, 6), (12, 3, 5)]
    assert seen[-1].is_contiguous()


class Linear(nn.Linear):
    """Of somebody else, who may have given it anything."""


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(6), nn.Dropout(0.5, inplace=True), Linear(6, 6)])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_layer_that_may_tell_copies_apart_sees_all_of_them(layer: nn.Module, batch: int) -> None:
    seen: list[torch.Size] = []
    layer.register_forward_pre_hook(lambda layer, given: seen.append(given[0].shape))
    network = Network(
        [nn.Identity(), layer, LIF((6,), ATan(), torch.Generator())], "spike_sum", nn.Identity()
    )
    network(torch.rand(batch, 6).expand(12, batch, 6))
    assert seen == [(12 * batch, 6)]


def test_a_constant_input_without_steps_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match="T ≥ 1"):
        build()(torch.rand(3, 1, 2, 3).expand(0, 3, 1, 2, 3))


@pytest.mark.parametrize("readout", READOUTS)
def test_readouts(readout: Readout) -> None:
    network, x = build(readout=readout).double(), drive()
    last = network.outputs(x)[-1]
    logits = network(x)
    assert logits.shape == (3, 4)
    if readout.startswith("membrane"):
        assert isinstance(network.neurons[-1], LI)
        by_hand = {"mean": last.mean(0), "max": last.max(0).values, "last": last[-1]}
        assert torch.equal(logits, by_hand[readout.removeprefix("membrane_")])
    else:
        summed = last.sum(0) if readout == "spike_sum" else last.sum(0) / len(x)
        torch.testing.assert_close(logits, network.classifier(summed))


def test_pool_is_over_time() -> None:
    outputs = torch.tensor([[[1.0, 5.0]], [[3.0, 1.0]]])
    expected = {
        "spike_sum": [4, 6],
        "spike_mean": [2, 3],
        "membrane_mean": [2, 3],
        "membrane_max": [3, 5],
        "membrane_last": [3, 1],
    }
    for readout in READOUTS:
        assert pool(outputs, readout)[0].tolist() == expected[readout]  # type: ignore[arg-type]


def test_initial_weights_are_xavier_and_come_from_the_generator_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    network = dense((300,), 10, lambda f: LIF(f, ATan(), generator), generator, hidden=(200,))
    layer = network.layers[1]
    assert isinstance(layer, nn.Linear)
    bound = math.sqrt(6 / 500)
    assert float(layer.weight.detach().abs().max()) == pytest.approx(bound, rel=1e-3)
    assert float(layer.weight.detach().std()) == pytest.approx(bound / math.sqrt(3), rel=0.01)
    assert float(layer.bias.detach().abs().max()) == 0
    before = torch.random.get_rng_state()
    first, second, other = build(seed=0), build(seed=0), build(seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    for a, b, c in zip(first.parameters(), second.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.ndim == 1 or not torch.equal(a, c)


def test_parameter_count() -> None:
    count = sum(parameter.numel() for parameter in build().parameters())
    assert count == (6 * 5 + 5) + (5 * 6 + 6) + (6 * 4 + 4)


@pytest.mark.parametrize("name", ["dense(hidden=[8])", "conv"])
def test_an_image_without_a_time_axis_is_named(name: str) -> None:
    network = snnbench.make_network(name, (1, 8, 8), 10)
    assert network(torch.rand(3, 4, 1, 8, 8)).shape == (4, 10)
    with pytest.raises(UsageError, match=r"takes inputs \[T, B, 1, 8, 8\], got \[4, 1, 8, 8\]") as caught:
        network(torch.rand(4, 1, 8, 8))
    assert "make_encoder('direct', steps=25)(x)" in caught.value.hint
    with pytest.raises(UsageError, match=r"got \[3, 4, 2, 8, 8\]"):
        network(torch.rand(3, 4, 2, 8, 8))
    with pytest.raises(UsageError, match=r"got \[\]"):
        network(torch.tensor(1.0))


def test_an_image_without_a_batch_axis_is_named() -> None:
    network = snnbench.create_conv_snn(in_channels=1, image_size=(8, 8), T=3)
    assert network(torch.rand(2, 1, 8, 8))[0].shape == (2, 10)
    with pytest.raises(UsageError, match=r"takes inputs \[B, 1, 8, 8\], got \[1, 8, 8\]") as caught:
        network(torch.rand(1, 8, 8))
    assert "x.unsqueeze(0)" in caught.value.hint
