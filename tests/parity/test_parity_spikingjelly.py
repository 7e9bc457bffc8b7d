"""Our neurons against spikingjelly 2.0.0, step by step, forward and backward.

Its threshold is ``>=``, ours ``>``: they differ at exactly θ, which random input does not hit.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
import torch
from parity import WIDTH, assert_same, drive, largest_difference, trajectory
from torch import Tensor

from snnbench.components.neurons.eif import EIF
from snnbench.components.neurons.izhikevich import Izhikevich
from snnbench.components.neurons.lif import LIF, integrate_and_fire
from snnbench.components.neurons.plif import PLIF
from snnbench.components.neurons.qif import QIF
from snnbench.components.neurons.reset import Reset
from snnbench.components.surrogates.atan import ATan

jelly: Any = import_module("spikingjelly.activation_based.neuron")
surrogate: Any = import_module("spikingjelly.activation_based.surrogate")

GENERATOR = torch.Generator()
RESETS: list[tuple[Reset, float | None]] = [("zero", 0.0), ("subtract", None)]


def run(node: Any, x: Tensor) -> list[Tensor]:
    rows = [(node(x_t), node.v) for x_t in x]
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def options(v_reset: float | None, detach: bool) -> dict[str, Any]:
    return {"v_reset": v_reset, "detach_reset": detach, "surrogate_function": surrogate.ATan(alpha=2.0)}


@pytest.mark.parametrize("detach", [False, True])
@pytest.mark.parametrize("decay_input", [False, True])
@pytest.mark.parametrize(("reset", "v_reset"), RESETS)
def test_lif_without_delay_is_lif_node(
    reset: Reset, v_reset: float | None, decay_input: bool, detach: bool
) -> None:
    """β = 1 − 1/τ; with ``decay_input`` the input is divided by τ."""
    tau, x = 4.0, drive()
    theirs = jelly.LIFNode(tau=tau, decay_input=decay_input, v_threshold=0.6, **options(v_reset, detach))
    ours = LIF(
        (WIDTH,),
        ATan(),
        GENERATOR,
        beta=1 - 1 / tau,
        threshold=0.6,
        reset=reset,
        reset_delay=False,
        detach_reset=detach,
    )
    current = x * 2
    assert_same(trajectory(ours, current / tau if decay_input else current), run(theirs, current), [x])


@pytest.mark.parametrize("detach", [False, True])
@pytest.mark.parametrize(("reset", "v_reset"), RESETS)
def test_if_without_delay_is_if_node(reset: Reset, v_reset: float | None, detach: bool) -> None:
    x = drive(0.1, 0.4)
    theirs = jelly.IFNode(**options(v_reset, detach))
    ours = integrate_and_fire(
        (WIDTH,), ATan(), GENERATOR, reset=reset, reset_delay=False, detach_reset=detach
    )
    assert_same(trajectory(ours, x), run(theirs, x), [x])


@pytest.mark.parametrize("detach", [False, True])
@pytest.mark.parametrize(("reset", "v_reset"), RESETS)
def test_plif_without_delay_is_parametric_lif_node(reset: Reset, v_reset: float | None, detach: bool) -> None:
    """Theirs learns w with 1/τ = sigmoid(w), so β = sigmoid(−w): a = −w, and the gradient changes sign."""
    x = drive()
    theirs = jelly.ParametricLIFNode(init_tau=5.0, decay_input=False, **options(v_reset, detach)).double()
    ours = PLIF(
        (WIDTH,), ATan(), GENERATOR, beta=0.8, reset=reset, reset_delay=False, detach_reset=detach
    ).double()
    ours.a.data.copy_(-theirs.w)
    mine, other = trajectory(ours, x), run(theirs, x)
    assert_same(mine, other, [x])
    (by_a,) = torch.autograd.grad(mine[1].sum(), ours.a)
    (by_w,) = torch.autograd.grad(other[1].sum(), theirs.w)
    assert abs(float(by_w)) > 0.1
    assert float(by_a) == pytest.approx(-float(by_w), abs=1e-8)


@pytest.mark.parametrize("detach", [False, True])
def test_qif_is_qif_node(detach: bool) -> None:
    """Theirs starts at v_reset."""
    x = drive(0.6, 1.4)
    theirs = jelly.QIFNode(tau=5.0, v_c=0.8, a0=1.0, v_rest=0.0, **options(-0.1, detach))
    ours = QIF((WIDTH,), ATan(), GENERATOR, detach_reset=detach)
    start = (torch.full_like(x[0], -0.1),)
    assert_same(trajectory(ours, x, start), run(theirs, x), [x])


@pytest.mark.parametrize("detach", [False, True])
def test_eif_is_eif_node(detach: bool) -> None:
    x = drive(0.8, 1.4)
    theirs = jelly.EIFNode(
        tau=5.0, delta_T=0.2, theta_rh=0.8, v_threshold=1.5, v_rest=0.0, **options(0.0, detach)
    )
    ours = EIF((WIDTH,), ATan(), GENERATOR, detach_reset=detach)
    assert_same(trajectory(ours, x), run(theirs, x), [x])


def test_a_membrane_at_the_threshold_fires_there_and_not_here() -> None:
    x = torch.full((1, 1, 1), 1.0, dtype=torch.float64)
    ours = integrate_and_fire((1,), ATan(), GENERATOR, reset="zero", reset_delay=False)
    assert trajectory(ours, x)[0].item() == 0
    assert run(jelly.IFNode(v_reset=0.0), x)[0].item() == 1


def test_a_delayed_reset_is_another_trajectory() -> None:
    """Our default resets one step later, after the leak: θ is taken off in full, theirs leaks."""
    x = drive().detach()
    ours = LIF((WIDTH,), ATan(), GENERATOR, beta=0.75)
    theirs = jelly.LIFNode(tau=4.0, decay_input=False, v_reset=None)
    assert largest_difference(trajectory(ours, x)[:1], run(theirs, x)[:1]) == 1


def test_izhikevich_node_is_a_quadratic_neuron_with_a_recovery_of_its_own_time_constant() -> None:
    """Its equations in a loop, and ours of 2003 by hand: another neuron, in other units."""
    x = drive(0.8, 1.4).detach()
    node = jelly.IzhikevichNode(
        tau=5.0, v_c=0.8, a0=1.0, v_rest=0.0, tau_w=4.0, a=0.5, b=0.3, **options(-0.1, detach=False)
    )
    found = run(node, x)
    v, w, rows = torch.full_like(x[0], -0.1), torch.zeros_like(x[0]), []
    for x_t in x:
        v = v + (x_t + v * (v - 0.8) - w) / 5
        w = w + (0.5 * v - w) / 4
        s = (v >= 1).double()
        v, w = torch.where(s > 0, -0.1, v), w + 0.3 * s
        rows.append((s, v))
    assert float(found[0].mean()) > 0.02
    assert largest_difference(found, [torch.stack(column) for column in zip(*rows, strict=True)]) <= 1e-10
    state = torch.full_like(x[0], -60.0), torch.zeros_like(x[0])
    ours = trajectory(Izhikevich((WIDTH,), ATan(), GENERATOR, gain=1.0), x[:1], state)[1]
    assert largest_difference([ours], [-60 + 0.5 * (0.04 * 60**2 - 5 * 60 + 140 + x[:1])]) <= 1e-10
