from __future__ import annotations

import math

import maps
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from maps import F64, normal, uniform
from scipy import stats
from scipy.signal import lfilter
from scipy.special import digamma
from torch import Tensor

from snnbench.lyapunov import spectrum
from snnbench.measure.stability.flat import FlatMap, unbind
from snnbench.measure.stability.qr import growth
from snnbench.measure.stability.statistics import BLOCKS, ENTRIES, blocks, bootstrap, estimate

ONE = torch.ones(1, 1, 1, dtype=F64)


def covered(sums: Tensor, counts: Tensor, known: Tensor) -> Tensor:
    """Of repetitions ``[R, blocks, B, k]``, the fraction whose interval holds ``known [k]``."""
    intervals = torch.stack([estimate(one, counts).interval for one in sums])
    return ((intervals[..., 0] <= known) & (known <= intervals[..., 1])).double().mean(0)


# Against scipy


@settings(max_examples=30, deadline=None)
@given(entries=st.integers(ENTRIES, 30), seed=st.integers(0, 999))
def test_over_entries_it_is_scipy_s_t_interval(entries: int, seed: int) -> None:
    sums = normal(5, entries, 2, seed=seed)
    result = estimate(sums, 10 * ONE)
    rates = sums.sum(0).numpy() / 50
    low, high = stats.t.interval(0.95, entries - 1, rates.mean(0), stats.sem(rates, 0))
    np.testing.assert_allclose(result.mean, rates.mean(0), rtol=1e-12)
    np.testing.assert_allclose(result.stderr, stats.sem(rates, 0), rtol=1e-10)
    np.testing.assert_allclose(result.interval, np.stack([low, high], -1), rtol=1e-10)


def test_over_blocks_that_are_not_alike_it_is_scipy_s_t_interval() -> None:
    sums = normal(BLOCKS, 3, 2).abs()
    sums[::2] *= -1  # successive blocks are as unlike as can be
    result = estimate(sums, 10 * ONE)
    rates = sums.sum(1).numpy() / 30
    low, high = stats.t.interval(0.95, BLOCKS - 1, rates.mean(0), stats.sem(rates, 0))
    np.testing.assert_allclose(result.interval, np.stack([low, high], -1), rtol=1e-10)


def test_unequal_counts_weigh_by_count() -> None:
    counts = torch.tensor([[4.0], [0.0], [1.0]], dtype=F64)[None].repeat(BLOCKS, 1, 1)
    sums = torch.tensor([[8.0], [0.0], [5.0]], dtype=F64)[None].repeat(BLOCKS, 1, 1)
    assert float(estimate(sums, counts).mean) == pytest.approx(13 / 5)


# Where there is no interval, or no number


@pytest.mark.parametrize(("blocks", "batch"), [(BLOCKS - 1, ENTRIES - 1), (1, 1)])
def test_too_few_groups_have_no_interval(blocks: int, batch: int) -> None:
    result = estimate(normal(blocks, batch, 2), ONE)
    assert result.mean.isfinite().all()
    assert result.stderr.isnan().all()
    assert result.interval.isnan().all()


def test_copies_of_one_entry_do_not_narrow_the_interval() -> None:
    one = normal(BLOCKS, 1, 1)
    copies = estimate(one.expand(-1, 50, -1), ONE)
    torch.testing.assert_close(copies.interval, estimate(one, ONE).interval)
    assert copies.interval[0, 1] - copies.interval[0, 0] > 0.1


def test_minus_infinity_has_itself_as_interval() -> None:
    sums = normal(BLOCKS, 12, 2)
    sums[3, 4, 1] = -math.inf
    result = estimate(sums, ONE)
    assert result.mean[0].isfinite()
    assert result.interval[0].isfinite().all()
    assert result.mean[1].isneginf()
    assert result.interval[1].isneginf().all()
    assert result.stderr[1].isnan()


def test_nothing_counted_is_not_a_number() -> None:
    nothing = torch.zeros(BLOCKS, 12, 1, dtype=F64)
    assert estimate(nothing, nothing).mean.isnan().all()


@given(count=st.integers(1, 500))
def test_blocks_are_equal_contiguous_and_all_used(count: int) -> None:
    parts = blocks(range(count))
    assert [step for part in parts for step in part] == list(range(count))
    sizes = [len(part) for part in parts]
    assert len(sizes) == min(BLOCKS, count)
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(("steps", "qr_every"), [(7, 1), (100, 1), (1000, 1), (1000, 7)])
def test_memory_does_not_grow_with_the_steps(steps: int, qr_every: int) -> None:
    flow = FlatMap(maps.henon, maps.henon_start(2))
    sums, counts = growth(flow, unbind(steps + 5, 2), 2, 5, qr_every)
    assert len(sums) == len(counts) <= BLOCKS
    assert float(counts.sum()) == steps


# Coverage: the interval holds the truth as often as it claims

KNOWN = torch.tensor([0.5 * (math.log(1.0) + digamma((3 - i) / 2)) for i in (1, 2)], dtype=F64)


def gaussian_products(steps: int, batch: int) -> tuple[Tensor, Tensor]:
    inputs = normal(steps + 20, batch, 2, 2, seed=11) / math.sqrt(2)
    flow = FlatMap(maps.driven, (uniform(batch, 2),))
    return growth(flow, unbind(inputs, batch), 2, 20, 1)


def test_interval_over_blocks_covers() -> None:
    assert KNOWN.tolist() == pytest.approx([-0.2886, -0.9818], abs=1e-4)
    sums, counts = gaussian_products(400, 200)
    fraction = covered(sums.movedim(1, 0)[:, :, None], counts, KNOWN)
    assert ((fraction >= 0.90) & (fraction <= 0.99)).all(), fraction


def test_interval_over_entries_covers() -> None:
    sums, counts = gaussian_products(100, 200 * 10)
    fraction = covered(sums.reshape(-1, 200, 10, 2).movedim(1, 0), counts, KNOWN)
    assert ((fraction >= 0.90) & (fraction <= 0.99)).all(), fraction


def correlated(phi: float, steps: int, runs: int = 4000) -> Tensor:
    """Sums over blocks of runs of ``x[t] = φ·x[t−1] + noise``, mean 0, ``[BLOCKS, 1, runs]``."""
    noise = np.random.default_rng(0).normal(size=(runs, steps + 200))
    paths = lfilter([1], [1, -phi], noise, axis=1)[:, 200:]
    return torch.from_numpy(paths.reshape(runs, BLOCKS, -1).sum(2).T.copy())[:, None]


@pytest.mark.parametrize("steps", [200, 500, 2000])
@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_blocks_of_correlated_steps_cover(phi: float, steps: int) -> None:
    sums = correlated(phi, steps)
    result = estimate(sums, steps / BLOCKS * ONE)
    low, high = result.interval.unbind(-1)
    assert 0.94 <= float(((low <= 0) & (high >= 0)).double().mean()) <= 0.98
    rates = sums[:, 0].numpy() * BLOCKS / steps
    plain = stats.t.interval(0.95, BLOCKS - 1, rates.mean(0), stats.sem(rates, 0))
    if (phi, steps) == (0.9, 500):
        assert np.mean((plain[0] <= 0) & (plain[1] >= 0)) < 0.9, "the case is one where plain blocks fail"
    if phi == 0:
        assert float((high - low).mean()) < 1.25 * np.mean(plain[1] - plain[0]), "and it costs little"


def test_public_interval_is_the_one_that_covers() -> None:
    inputs = normal(220, 12, 2, 2, seed=11) / math.sqrt(2)
    result = spectrum(maps.driven, (uniform(12, 2),), inputs, transient=20)
    known = estimate(*growth(FlatMap(maps.driven, (uniform(12, 2),)), unbind(inputs, 12), 2, 20, 1))
    torch.testing.assert_close(result.interval, known.interval, rtol=0, atol=0)


# Bootstrap


def test_bootstrap_has_the_spread_of_the_mean() -> None:
    sums = normal(4, 40, 2)
    drawn = bootstrap(sums, torch.ones(4, 40, 2, dtype=F64), torch.Generator().manual_seed(0), 4000)
    rates = sums.sum(0) / 4
    assert drawn.shape == (4000, 2)
    np.testing.assert_allclose(drawn.mean(0), rates.mean(0), atol=0.01)
    np.testing.assert_allclose(drawn.std(0), rates.std(0, correction=0) / math.sqrt(40), rtol=0.05)
