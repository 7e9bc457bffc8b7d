from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from snnbench.components.encoders.direct import Direct
from snnbench.components.encoders.latency import Latency
from snnbench.components.encoders.rate import Rate
from snnbench.errors import UsageError


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("gain", [0.5, 1.0, 3.0])
def test_rate_is_bernoulli(gain: float) -> None:
    x = torch.linspace(0, 1, 21, dtype=torch.float64).reshape(1, 3, 7)
    spikes = Rate(1000, gain=gain)(x, seeded())
    assert spikes.shape == (1000, 1, 3, 7)
    assert spikes.dtype == x.dtype
    assert set(spikes.unique().tolist()) <= {0.0, 1.0}
    for count, intensity in zip(spikes.sum(0).flatten().tolist(), x.flatten().tolist(), strict=True):
        low, high = binom.interval(1 - 1e-6, 1000, min(gain * intensity, 1))
        assert low <= count <= high


def test_rate_steps_are_independent() -> None:
    spikes = Rate(20_000)(torch.tensor([[0.5]]), seeded()).flatten()
    pairs = float((spikes[1:] * spikes[:-1]).sum())
    low, high = binom.interval(1 - 1e-6, 19_999, 0.25)
    assert low * 0.98 <= pairs <= high * 1.02


def test_rate_is_reproducible_from_its_generator_alone() -> None:
    x = torch.rand(4, 5, generator=seeded(3))
    torch.manual_seed(1)
    first = Rate(10)(x, seeded())
    torch.manual_seed(2)
    assert torch.equal(first, Rate(10)(x, seeded()))
    assert not torch.equal(first, Rate(10)(x, seeded(1)))


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan, math.inf])
@pytest.mark.parametrize("encoder", [Rate(3), Latency(3)])
def test_values_outside_the_range_are_refused(encoder: Rate | Latency, bad: float) -> None:
    with pytest.raises(UsageError, match=r"\[0, 1\]"):
        encoder(torch.tensor([[0.5, bad]]), seeded())


def test_direct_is_a_view() -> None:
    x = torch.randn(2, 3, generator=seeded())
    encoded = Direct(1000)(x, seeded())
    assert encoded.shape == (1000, 2, 3)
    assert encoded.data_ptr() == x.data_ptr()
    assert torch.equal(encoded[999], x)


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20),
    linear=st.booleans(),
    steps=st.sampled_from([1, 2, 25, 1000]),
)
def test_latency_brighter_fires_earlier_and_once(values: list[float], linear: bool, steps: int) -> None:
    x = torch.tensor([sorted(values, reverse=True)], dtype=torch.float64)
    spikes = Latency(steps, linear=linear)(x, seeded())[:, 0]
    assert spikes.shape == (steps, len(values))
    fired = spikes.sum(0)
    assert bool(((fired == 0) | (fired == 1)).all())
    times = torch.where(fired > 0, spikes.argmax(0), steps)
    assert bool((times.diff() >= 0).all())
    assert bool((fired[x[0] <= 0.01] == 0).all())


def test_latency_times_are_the_equation_s() -> None:
    x = torch.tensor([[1.0, 0.1, 0.02, 0.011, 0.0101, 0.01, 0.0]], dtype=torch.float64)
    spikes = Latency(100)(x, seeded())[:, 0]
    expected = [round(5 * math.log(v / (v - 0.01))) for v in x[0, :5].tolist()]
    assert spikes[:, :5].argmax(0).tolist() == expected
    assert spikes[:, 5:].sum() == 0
    linear = Latency(11, linear=True)(torch.tensor([[1.0, 0.5, 0.1]], dtype=torch.float64), seeded())
    assert linear[:, 0].argmax(0).tolist() == [0, 5, 9]
