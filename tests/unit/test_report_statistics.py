from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from snnbench.report.statistics import RESAMPLES, Summary, adjust, summarise, welch

accuracies = st.integers(0, 1000).map(lambda count: count / 1000)


def test_three_seeds_have_the_interval_of_the_t_table() -> None:
    summary = summarise([1.0, 2.0, 3.0])
    half = 4.302653 / math.sqrt(3)  # the table's t for 2 degrees of freedom, times s / √n with s = 1
    assert summary.mean == 2.0
    assert summary.n == 3
    assert summary.low == pytest.approx(2 - half, abs=1e-6)
    assert summary.high == pytest.approx(2 + half, abs=1e-6)
    assert summary.flags == ()


@pytest.mark.parametrize("n", range(2, 10))
def test_below_ten_the_interval_is_students(n: int) -> None:
    values = np.random.default_rng(n).normal(0.9, 0.02, n)
    expected = stats.t.interval(0.95, n - 1, values.mean(), stats.sem(values))
    summary = summarise(values)
    assert (summary.low, summary.high) == pytest.approx(expected, rel=1e-12)


def test_the_t_interval_covers_the_truth_as_often_as_it_says() -> None:
    draws = np.random.default_rng(0).normal(0.5, 0.1, (4000, 3))
    found = [summarise(draw) for draw in draws]
    covered = np.mean([one.low <= 0.5 <= one.high for one in found])
    assert covered == pytest.approx(0.95, abs=0.0103)  # 3 standard errors; a normal quantile covers 0.81


def test_from_ten_on_it_is_a_bias_corrected_bootstrap_and_the_same_each_time() -> None:
    values = np.random.default_rng(1).exponential(1.0, 10)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, rng=np.random.default_rng(0), method="BCa"
    ).confidence_interval
    assert summarise(values) == Summary(float(values.mean()), expected.low, expected.high, 10)
    assert summarise(values) == summarise(values.copy())
    assert expected.high - values.mean() > values.mean() - expected.low  # skewed as the data are


def test_the_bootstrap_agrees_with_theory_where_there_is_one() -> None:
    values = np.random.default_rng(2).normal(0.0, 1.0, 400)
    summary = summarise(values)
    half = 1.959964 * values.std() / math.sqrt(400)
    assert summary.high - summary.mean == pytest.approx(half, rel=0.05)
    assert summary.mean - summary.low == pytest.approx(half, rel=0.05)


def test_one_value_has_no_interval() -> None:
    summary = summarise([0.9])
    assert (summary.mean, summary.n) == (0.9, 1)
    assert math.isnan(summary.low)
    assert math.isnan(summary.high)


def test_nothing_has_no_mean() -> None:
    summary = summarise([])
    assert summary.n == 0
    assert math.isnan(summary.mean)


@pytest.mark.parametrize("n", [2, 3, 10, 30])
def test_equal_values_give_a_flagged_interval_without_width(n: int) -> None:
    assert summarise([0.1] * n) == Summary(0.1, 0.1, 0.1, n, ("identical",))


@pytest.mark.parametrize("n", [1, 3, 12])
def test_an_infinite_value_makes_the_mean_infinite_without_an_interval(n: int) -> None:
    summary = summarise([-math.inf, *[0.5] * (n - 1)])
    assert (summary.mean, summary.n, summary.flags) == (-math.inf, n, ("infinite",))
    assert math.isnan(summary.low)
    assert math.isnan(summarise([-math.inf, math.inf]).mean)


def test_a_missing_value_is_refused() -> None:
    with pytest.raises(ValueError, match="missing"):
        summarise([0.9, math.nan])


@settings(max_examples=60)
@given(st.lists(accuracies, min_size=2, max_size=14))
def test_the_mean_lies_in_its_interval(values: list[float]) -> None:
    summary = summarise(values)
    assert summary.low <= summary.mean + 1e-15
    assert summary.mean - 1e-15 <= summary.high
    assert summary.mean == pytest.approx(math.fsum(values) / len(values), abs=1e-12)


@given(st.lists(accuracies, min_size=2, max_size=6), st.lists(accuracies, min_size=2, max_size=6))
def test_welch_is_scipys(a: list[float], b: list[float]) -> None:
    assert welch(a, b) == pytest.approx(welch(b, a), rel=1e-9, nan_ok=True)
    assert math.isnan(welch(a, b)) == (np.ptp(a) == 0 and np.ptp(b) == 0)
    if np.ptp(a) > 0 and np.ptp(b) > 0:  # scipy warns of lost precision where a side has no spread
        assert welch(a, b) == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue, rel=1e-6)


@pytest.mark.parametrize(
    ("a", "b"),
    [([0.9], [0.8, 0.81]), ([], [0.8, 0.81]), ([0.9, 0.9], [0.8, 0.8]), ([-math.inf, 1.0], [0.8, 0.9])],
)
def test_what_cannot_be_tested_has_no_p_value(a: list[float], b: list[float]) -> None:
    assert math.isnan(welch(a, b))
    assert math.isnan(welch(b, a))


def test_welch_holds_its_level_with_unequal_variances() -> None:
    generator = np.random.default_rng(3)
    wide, narrow = generator.normal(0, 1, (3000, 10)), generator.normal(0, 0.1, (3000, 5))
    rejected = np.mean([welch(a, b) < 0.05 for a, b in zip(wide, narrow, strict=True)])
    assert rejected == pytest.approx(0.05, abs=0.012)


def test_adjusting_as_worked_by_hand() -> None:
    # sorted 0.005 ·4/1, 0.01 ·4/2, 0.03 ·4/3, 0.04 ·4/4, each no greater than the next
    assert adjust([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert adjust([0.03, math.nan, 0.9]) == pytest.approx([0.06, math.nan, 0.9], nan_ok=True)
    assert adjust([]).tolist() == []
    assert np.isnan(adjust([math.nan])).all()


@given(st.lists(st.floats(0, 1), max_size=20))
def test_adjusting_only_raises_p_values_and_keeps_their_order(p_values: list[float]) -> None:
    adjusted = adjust(p_values)
    assert (adjusted >= np.asarray(p_values) - 1e-15).all()
    assert (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p_values, kind="stable")]) >= 0).all()
