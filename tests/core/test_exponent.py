from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import snnbench
from snnbench.components.networks.conv import conv
from snnbench.components.networks.dense import dense
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.relu import ReLU
from snnbench.components.neurons.rlif import RLIF
from snnbench.components.neurons.synaptic import Synaptic
from snnbench.components.surrogates.atan import ATan
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.core.exponent import exponent
from snnbench.core.network import Network
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError
from snnbench.lyapunov import spectrum


def build(kind: type[snnbench.Neuron], surrogate: Surrogate | None = None, **params: object) -> Network:
    generator = torch.Generator().manual_seed(0)
    surrogate = ATan() if surrogate is None else surrogate
    return dense(
        (3,), 4, lambda f: kind(f, surrogate, generator, **params), generator, hidden=(5, 4)
    ).double()


def drive(steps: int, *shape: int) -> Tensor:
    return 2 * torch.randn(steps, 3, *shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("kind", [LIF, RLIF, Synaptic])
def test_exponent_is_the_largest_of_the_spectrum(kind: type[snnbench.Neuron]) -> None:
    network, x = build(kind), drive(400, 3)
    with torch.no_grad():
        logits, exponents = network.logits_and_exponent(x)
    expected = spectrum(network.step, network.initial_state(x[0]), x, 1).exponents
    assert torch.equal(logits, network(x))
    assert exponents.shape == (3,)
    assert float(exponents.mean()) == pytest.approx(float(expected[0]), abs=0.02)


def test_silent_leak() -> None:
    silent = build(LIF, beta=0.9, detach_reset=True)
    for layer in silent.layers:
        if isinstance(layer, torch.nn.Linear):
            layer.weight.data.zero_()
    leak = silent.logits_and_exponent(drive(40, 3))[1]
    torch.testing.assert_close(leak, torch.full_like(leak, math.log(0.9)), rtol=0, atol=1e-12)


def test_half_precision_does_not_bias_it() -> None:
    """A silent layer under a surrogate of 0 below threshold decays by β: 0.95, which bfloat16 rounds."""
    text = "lif(threshold=50)"
    network = snnbench.make_network("dense(hidden=[32])", (3,), 4, neuron=text, surrogate="boxcar")
    x = drive(50, 3).float()
    with torch.autocast("cpu", torch.bfloat16):
        logits, in_autocast = network.logits_and_exponent(x)
    half = network.bfloat16()
    found = half.logits_and_exponent(x.bfloat16())[1]
    expected = torch.full((3,), math.log(0.95))
    torch.testing.assert_close(in_autocast, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    assert logits.dtype == torch.bfloat16
    assert {value.dtype for value in half.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("text", ["dense", "conv(channels=[4,6])", "vgg(blocks=[[4],[6]],hidden=8)"])
def test_in_autocast_it_is_the_exponent_without_and_trains(text: str) -> None:
    network, x = snnbench.make_network(text, (1, 8, 8), 3), drive(6, 1, 8, 8).float()
    expected = exponent(network.eval(), x).detach()
    with torch.autocast("cpu", torch.bfloat16):
        logits, found = network.logits_and_exponent(x)
        loss = logits.square().mean() + found.square().mean()
    assert torch.equal(found, expected)
    assert expected.abs().min() > 0
    loss.backward()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in network.parameters())


def test_a_network_in_half_precision_gets_the_gradient_of_its_exponent() -> None:
    network, x = build(RLIF, GradedSigmoid()), drive(6, 3).bfloat16()
    network = network.bfloat16().float()  # the same numbers in both
    (expected,) = torch.autograd.grad(exponent(network, x.float()).sum(), [network.layers[1].weight])
    half = network.bfloat16()
    (found,) = torch.autograd.grad(exponent(half, x).sum(), [half.layers[1].weight])
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, expected.bfloat16())


def test_its_gradient_is_that_of_finite_differences() -> None:
    """With a graded spike function, whose derivative is exact, everything is smooth."""
    network, x = build(RLIF, GradedSigmoid()), drive(6, 3)
    weights = dict(network.named_parameters())
    names = ["layers.1.weight", "layers.2.weight", "layers.3.bias"]

    def at(*values: Tensor) -> Tensor:
        given = {**weights, **dict(zip(names, values, strict=True))}
        return torch.func.functional_call(
            _Exponent(network), {f"network.{n}": v for n, v in given.items()}, (x,)
        )  # type: ignore[no-any-return]

    values = [weights[name].detach().clone().requires_grad_() for name in names]
    assert torch.autograd.gradcheck(at, values, eps=1e-6, atol=1e-7)


class _Exponent(torch.nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network.logits_and_exponent(x)[1]


def test_a_penalty_moves_the_exponent() -> None:
    network, x = build(RLIF), drive(10, 3)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.03)
    losses = []
    for _ in range(40):
        exponents = network.logits_and_exponent(x)[1]
        loss = (exponents - 0.3).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] / 2


def test_batch_norm_and_dropout_are_frozen_and_the_mode_is_kept() -> None:
    generator = torch.Generator().manual_seed(0)
    network = conv((1, 4, 4), 3, lambda f: LIF(f, ATan(), generator), generator, channels=(2, 3)).double()
    network.layers[1].eval()
    modes = [module.training for module in network.modules()]
    x = drive(5, 1, 4, 4)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    alone = torch.cat([exponent(network, x[:, :1]), exponent(network, x[:, 1:])])
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert [module.training for module in network.modules()] == modes
    assert alone.isfinite().all()
    exponent(network, x).sum().backward()
    assert network.layers[0].weight.grad is not None


def test_a_lost_tangent_is_minus_infinity_without_a_gradient() -> None:
    network = build(LIF, beta=0.0, reset="none")
    exponents = network.logits_and_exponent(drive(4, 3).requires_grad_())[1]
    assert exponents.isneginf().all()


def test_no_memory_no_exponent() -> None:
    generator = torch.Generator().manual_seed(0)
    network = dense((3,), 4, lambda f: ReLU(f, None, generator), generator)
    with pytest.raises(UsageError, match="memory"):
        network.logits_and_exponent(torch.zeros(2, 1, 3))
