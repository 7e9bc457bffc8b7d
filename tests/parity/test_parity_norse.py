"""Our neurons against norse 1.1.0, step by step, forward and backward.

Its default surrogate is ``1/(1 + |z|)²``, whatever its alpha: our fast sigmoid with slope 1.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
import torch
from parity import WIDTH, assert_same, drive, gradients, largest_difference, trajectory
from torch import Tensor

from snnbench.components.neurons.izhikevich import Izhikevich
from snnbench.components.neurons.lif import LIF, integrate_and_fire
from snnbench.components.neurons.reset import Reset
from snnbench.components.neurons.synaptic import Synaptic
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.core.surrogate import Surrogate

box: Any = import_module("norse.torch.functional.lif_box")
lif: Any = import_module("norse.torch.functional.lif")
iaf: Any = import_module("norse.torch.functional.iaf")
izhikevich: Any = import_module("norse.torch.functional.izhikevich")
resets: Any = import_module("norse.torch.functional.reset")

GENERATOR = torch.Generator()
SUPER = FastSigmoid(1.0)


def f64(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def run(step: Callable[[Tensor, Any], tuple[Tensor, Any]], x: Tensor, state: Any) -> list[Tensor]:
    rows = []
    for x_t in x:
        spikes, state = step(x_t, state)
        rows.append((spikes, *state))
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def box_run(x: Tensor, reset: str, rate: float = 0.25) -> list[Tensor]:
    """``rate`` is dt/τ."""
    parameters = box.LIFBoxParameters(
        tau_mem_inv=f64(rate * 1000), v_th=f64(0.6), reset_method=getattr(resets, f"reset_{reset}")
    )
    start = box.LIFBoxFeedForwardState(v=torch.zeros_like(x[0]))
    return run(lambda x_t, s: box.lif_box_feed_forward_step(x_t, s, parameters, 0.001), x, start)


@pytest.mark.parametrize(("reset", "theirs"), [("zero", "value"), ("subtract", "subtract")])
def test_lif_without_delay_is_lif_box(reset: Reset, theirs: str) -> None:
    """β = 1 − dt/τ and the input times dt/τ; the reset is attached."""
    x = drive(0.3, 1.2)
    ours = LIF((WIDTH,), SUPER, GENERATOR, beta=0.75, threshold=0.6, reset=reset, reset_delay=False)
    assert_same(trajectory(ours, 0.25 * x), box_run(x, theirs), [x])


def test_if_without_delay_is_iaf() -> None:
    x = drive(0.1, 0.4)
    ours = integrate_and_fire((WIDTH,), SUPER, GENERATOR, reset="zero", reset_delay=False)
    start = iaf.IAFFeedForwardState(v=torch.zeros_like(x[0]))
    assert_same(trajectory(ours, x), run(iaf.iaf_feed_forward_step, x, start), [x])


class Rescaled(Surrogate):
    """Theirs differentiates by v − 30 mV, ours by (v − 30 mV)/95 mV; the chain rule makes up for it."""

    def derivative(self, z: Tensor) -> Tensor:
        return 95 * SUPER.derivative(95 * z)


def test_izhikevich_is_izhikevich() -> None:
    """tau_inv·dt is our dt in ms. A map that expands at every spike: gradients compared over 30 steps."""
    x = drive(0.8, 1.0)
    parameters = izhikevich.IzhikevichParameters(a=0.02, b=0.2, c=-65.0, d=8.0, v_th=f64(30.0), tau_inv=1.0)

    def theirs(current: Tensor) -> list[Tensor]:
        v = torch.full_like(current[0], -65.0)
        start = izhikevich.IzhikevichState(v=v, u=0.2 * v)
        return run(
            lambda x_t, s: izhikevich.izhikevich_feed_forward_step(10 * x_t, s, parameters, 0.5),
            current,
            start,
        )

    ours = Izhikevich((WIDTH,), Rescaled(), GENERATOR)
    mine, other = trajectory(ours, x), theirs(x)
    assert 0.005 < float(mine[0].detach().mean()) < 0.5
    assert largest_difference(mine, other) <= 1e-10
    short = trajectory(ours, x[:30]), theirs(x[:30])
    assert float(short[0][0].detach().sum()) > 0
    assert largest_difference(*(gradients(part, [x]) for part in short)) <= 1e-8


def test_synaptic_is_lif_up_to_the_first_spike_and_not_after_it() -> None:
    """α = 1 − dt/τ_syn, β = 1 − dt/τ_mem, input times dt/τ_mem: another reset, so only up to the first."""
    x = drive(0.3, 1.0).detach()
    parameters = lif.LIFParameters(tau_syn_inv=f64(400.0), tau_mem_inv=f64(250.0), v_th=f64(1.0))
    start = lif.LIFFeedForwardState(v=torch.zeros_like(x[0]), i=torch.zeros_like(x[0]))
    spikes, v, _ = run(lambda x_t, s: lif.lif_feed_forward_step(x_t, s, parameters, 0.001), x, start)
    ours = Synaptic((WIDTH,), SUPER, GENERATOR, alpha=0.6, beta=0.75, reset="zero")
    mine, _, membrane = trajectory(ours, 0.25 * x)
    first = int(spikes.flatten(1).any(1).nonzero()[0])
    assert first > 0
    assert float((v - membrane)[:first].abs().max()) <= 1e-10
    assert torch.equal(spikes[: first + 1], mine[: first + 1])
    assert float((v - membrane).abs().max()) > 0.1
