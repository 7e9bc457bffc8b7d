"""Growth of the number of spikes that differ, measured against itself: cases where it is known."""

from __future__ import annotations

import math

import maps
import pytest
import torch
from maps import F64, uniform
from torch import Tensor

from snnbench.errors import UsageError
from snnbench.lyapunov import spike_distance

DEPTH = 7
LEVELS = [torch.arange(2**d - 1, 2 ** (d + 1) - 1) for d in range(DEPTH)]


def tree(gate: float) -> maps.Step:
    """Neurons without memory on a binary tree: each fires where its parent did in the step before.

    The root fires in every step, just above its threshold of 0; the state is the membranes. With ``gate``
    below 1 only the first child of each listens, so that what differs is passed on without multiplying.
    """
    count = 2**DEPTH - 1
    parents = (torch.arange(1, count) - 1) // 2
    listens = torch.ones(count - 1, dtype=F64)
    listens[1::2] = gate

    def step(x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        (u,) = state
        s = (u > 0).to(F64)
        below = listens * s[:, parents] - 0.5
        return s, (torch.cat([x[:, :1], below], 1),)

    return step


def run(gate: float, window: int) -> tuple[float, bool]:
    """λ where the root alone is near its threshold, so that a small disturbance flips its spike or none."""
    x = torch.full((6 * window + 8, 40, 1), 1e-9, dtype=F64)
    start = torch.full((40, 2**DEPTH - 1), 0.5, dtype=F64)
    result = spike_distance(tree(gate), (start,), x, (1e-3,), transient=8, window=window)
    return float(result.exponents), result.control_ok


def test_spikes_that_double_have_ln_2() -> None:
    """Two steps after two: 1 + 2 differ, then 4 + 8."""
    found, sound = run(gate=1.0, window=2)
    assert found == pytest.approx(math.log(2), abs=1e-12)
    assert sound


def test_spikes_that_are_passed_on_have_0() -> None:
    found, _ = run(gate=0.0, window=3)
    assert found == pytest.approx(0, abs=1e-12)


def test_equal_spike_trains_are_no_number() -> None:
    """A silent population: no spike differs, whatever becomes of the membranes. It is not ln(1e-12)."""
    x = 0.01 * uniform(100, 12, 5)
    result = spike_distance(maps.lif(0.9), (torch.zeros(12, 5, dtype=F64),), x, (1e-3, 0.1))
    assert result.exponents.isnan().all()
    assert (result.differ == 0).all()
    assert result.interval.isnan().all()
    assert result.flags == ()


def test_spikes_that_differ_once_and_never_again_are_no_number() -> None:
    x = torch.full((60, 12, 5), 0.999, dtype=F64)
    step = maps.lif(0.0, reset="none")  # no memory: what differs is what the disturbed step itself gave
    result = spike_distance(step, (torch.zeros(12, 5, dtype=F64),), x, (0.5,), window=5)
    assert result.exponents.isnan().all()


def test_it_does_not_depend_on_the_scale_of_the_membranes() -> None:
    x = uniform(200, 12, 8)
    one = spike_distance(maps.lif(0.9), (torch.zeros(12, 8, dtype=F64),), x, (0.1,), unit=(1.0,))

    def small(x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        spikes, (u,) = maps.lif(0.9)(x, (4 * state[0],))
        return spikes, (u / 4,)

    other = spike_distance(small, (torch.zeros(12, 8, dtype=F64),), x, (0.1,), unit=(0.25,))
    torch.testing.assert_close(one.exponents, other.exponents, rtol=0, atol=0)
    assert one.exponents.isfinite().all()


def test_it_refuses_what_it_cannot_measure() -> None:
    start = (torch.zeros(12, 5, dtype=F64),)
    with pytest.raises(UsageError, match="no output"):
        spike_distance(lambda _, s: (None, s), start, 100, (0.1,))
    with pytest.raises(UsageError, match="two windows"):
        spike_distance(maps.lif(0.9), start, uniform(15, 12, 5), (0.1,))


def test_hidden_randomness_voids_it() -> None:
    hidden = torch.Generator().manual_seed(0)

    def noisy(x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        u = 0.9 * state[0] + torch.randn(state[0].shape, dtype=F64, generator=hidden)
        return (u > 1).to(F64), (u,)

    result = spike_distance(noisy, (torch.zeros(12, 5, dtype=F64),), uniform(60, 12, 5), (0.1,))
    assert result.flags == ("control",)
    assert result.exponents.isnan().all()
    assert len(repr(result)) < 100
