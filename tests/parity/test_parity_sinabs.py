"""Our neurons against sinabs 3.1.3, step by step, forward and backward.

Only with ``SingleSpike``: its default, ``MultiSpike``, gives several spikes a step. It fires at ``>=`` and
casts spikes to float32, so gradients agree to 5e-6.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import pytest
import torch
from parity import WIDTH, assert_same, drive, trajectory
from torch import Tensor

from snnbench.components.neurons.alif import ALIF
from snnbench.components.neurons.lif import LIF, integrate_and_fire
from snnbench.components.neurons.reset import Reset
from snnbench.components.neurons.synaptic import Synaptic
from snnbench.components.surrogates.atan import ATan

layers: Any = import_module("sinabs.layers")
activation: Any = import_module("sinabs.activation")

GENERATOR = torch.Generator()
FLOAT32 = 5e-6


def surrogate(v: Tensor, threshold: Tensor | float) -> Tensor:
    """Our arctangent in the form that sinabs takes, so that only the neurons are compared."""
    return ATan().derivative(v - threshold)


def run(layer: Any, x: Tensor) -> list[Tensor]:
    """Spikes and membrane of a layer, whose time is the second axis."""
    layer.record_states = True
    spikes = layer(x.movedim(0, 1)).movedim(1, 0)
    return [spikes, layer.recordings["v_mem"].movedim(1, 0)]


def options(reset: Any) -> dict[str, Any]:
    return {"spike_fn": activation.SingleSpike, "reset_fn": reset, "surrogate_grad_fn": surrogate}


@pytest.mark.parametrize("norm_input", [False, True])
def test_lif_without_delay_is_lif(norm_input: bool) -> None:
    """β = exp(−1/τ), with ``norm_input`` the input times 1 − β; subtracting, attached."""
    x = drive()
    theirs = layers.LIF(tau_mem=5.0, norm_input=norm_input, **options(activation.MembraneSubtract())).double()
    beta = float(torch.exp(-1 / theirs.tau_mem.detach()))
    ours = LIF((WIDTH,), ATan(), GENERATOR, beta=beta, reset_delay=False)
    current = x * (4 if norm_input else 1)
    scaled = current * (1 - beta) if norm_input else current
    assert_same(trajectory(ours, scaled), run(theirs, current), [x], backward=FLOAT32)


def test_lif_resetting_to_zero_is_lif_detached() -> None:
    """``MembraneReset`` compares spikes with 0, which has no gradient: detached."""
    x = drive()
    theirs = layers.LIF(tau_mem=5.0, norm_input=False, **options(activation.MembraneReset())).double()
    beta = float(torch.exp(-1 / theirs.tau_mem.detach()))
    ours = LIF((WIDTH,), ATan(), GENERATOR, beta=beta, reset="zero", reset_delay=False, detach_reset=True)
    assert_same(trajectory(ours, x), run(theirs, x), [x], backward=FLOAT32)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_if_without_delay_is_iaf(reset: Reset) -> None:
    x = drive(0.1, 0.4)
    rule = activation.MembraneSubtract() if reset == "subtract" else activation.MembraneReset()
    theirs = layers.IAF(**options(rule))
    ours = integrate_and_fire(
        (WIDTH,), ATan(), GENERATOR, reset=reset, reset_delay=False, detach_reset=reset == "zero"
    )
    assert_same(trajectory(ours, x), run(theirs, x), [x], backward=FLOAT32)


def test_the_default_gives_several_spikes_a_step_and_fires_at_the_threshold() -> None:
    x = torch.tensor([2.5, 0.5], dtype=torch.float64).reshape(2, 1, 1)
    ours = integrate_and_fire((1,), ATan(), GENERATOR, reset_delay=False)
    assert trajectory(ours, x)[0].flatten().tolist() == [1, 1]
    assert layers.IAF()(x.movedim(0, 1)).flatten().tolist() == [2, 1]


def test_with_a_synapse_the_input_of_a_step_decays_before_it_arrives() -> None:
    """An impulse of 1 into u without leak to speak of: e^(−1/τ_syn) at once there, 1 in ``synaptic``."""
    x = torch.tensor([1.0, 0.0], dtype=torch.float64).reshape(2, 1, 1)
    theirs = layers.LIF(
        tau_mem=5.0, tau_syn=2.0, spike_threshold=torch.tensor(9.0), norm_input=False
    ).double()
    alpha, beta = math.exp(-1 / 2), math.exp(-1 / 5)
    ours = trajectory(Synaptic((1,), ATan(), GENERATOR, alpha=alpha, beta=beta, threshold=9.0), x)
    found = run(theirs, x)[1].flatten().tolist()
    assert found == pytest.approx([alpha, beta * alpha + alpha**2], rel=1e-6)
    assert ours[-1].flatten().tolist() == pytest.approx([1, beta + alpha], rel=1e-12)


def test_alif_adapts_and_resets_in_the_step_of_the_spike() -> None:
    """A kick to 1.5, θ = 1: there u is 0.5 and b is 1 − ρ after it; in ``alif`` both follow a step later."""
    x = torch.tensor([1.5, 0.0], dtype=torch.float64).reshape(2, 1, 1)
    theirs = layers.ALIF(tau_mem=5.0, tau_adapt=10.0, adapt_scale=0.4, norm_input=False).double()
    beta, rho = math.exp(-1 / 5), math.exp(-1 / 10)
    found = [(float(theirs(x_t[None])), float(theirs.v_mem), float(theirs.b)) for x_t in x]
    assert found[0] == pytest.approx((1, 0.5, 1 - rho), rel=1e-5)
    assert found[1] == pytest.approx((0, beta * 0.5, rho * (1 - rho)), rel=1e-5)
    neuron = ALIF((1,), ATan(), GENERATOR, beta=beta, rho=rho, threshold=1.0, kappa=0.4)
    ours = trajectory(neuron, x / (1 - beta))
    assert ours[0].flatten().tolist() == [1, 0]
    assert ours[1].flatten().tolist() == pytest.approx([1.5, beta * 1.5 - 1.4], rel=1e-12)
    assert ours[2].flatten().tolist() == pytest.approx([0, 1], abs=1e-12)
