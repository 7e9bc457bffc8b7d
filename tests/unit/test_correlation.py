from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from snnbench.report.correlation import FEWEST, spearman


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=FEWEST, max_size=60))
def test_rho_is_scipy_s(pairs: list[tuple[int, int]]) -> None:
    x, y = (list(map(float, column)) for column in zip(*pairs, strict=True))
    found = spearman(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(found.rho)
        assert "same" in found.reason
        return
    assert found.rho == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert math.isnan(found.low) or -1 < found.low < found.rho < found.high < 1


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_its_interval_covers(rho: float) -> None:
    """Of a bivariate normal, whose Spearman's ρ is 6/π·asin(r/2) (Pearson 1907)."""
    generator, hits = np.random.default_rng(0), 0
    r = 2 * math.sin(math.pi * rho / 6)
    for _ in range(400):
        x, noise = generator.normal(size=(2, 30))
        found = spearman(list(x), list(r * x + math.sqrt(1 - r**2) * noise))
        hits += found.low <= rho <= found.high
    assert 0.92 <= hits / 400 <= 0.98


def test_minus_infinity_is_the_lowest_rank_and_what_is_missing_is_left_out() -> None:
    x = [-math.inf, -2.0, -1.0, 0.0, 1.0, 2.0, math.nan, 3.0]
    y = [0.0, 1.0, 2.0, 5.0, 4.0, 3.0, 9.0, math.nan]
    found = spearman(x, y)
    assert found.n == 6
    assert found.rho == pytest.approx(stats.spearmanr(range(6), y[:6]).statistic)


def test_few_combinations_and_perfect_order_say_so() -> None:
    few = spearman([1.0] * 5, [2.0] * 5)
    assert (math.isnan(few.rho), few.n) == (True, 5)
    assert "fewer" in few.reason
    perfect = spearman(list(range(8)), list(range(8))[::-1])
    assert perfect.rho == -1
    assert math.isnan(perfect.low)
    assert "interval" in perfect.reason
