"""Intervals of means over seeds: against tables and scipy, and how often they cover."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from snnbench.quantities import Scale
from snnbench.report.statistics import Summary, summarise

Values: TypeAlias = NDArray[np.float64]
accuracies = st.integers(0, 1000).map(lambda count: count / 1000)
KINDS: tuple[Scale, ...] = ("fraction", "rate", "ratio", "bytes", "exponent", "plain")


def test_three_seeds_have_the_interval_of_the_t_table() -> None:
    summary = summarise([1.0, 2.0, 3.0])
    half = 4.302653 / math.sqrt(3)  # the table's t for 2 degrees of freedom, times s / √n with s = 1
    assert summary.mean == 2.0
    assert summary.n == 3
    assert summary.low == pytest.approx(2 - half, abs=1e-6)
    assert summary.high == pytest.approx(2 + half, abs=1e-6)
    assert summary.flags == ()


@pytest.mark.parametrize("n", [2, 3, 9, 10, 30])
def test_an_exponents_interval_is_students_whatever_the_number_of_seeds(n: int) -> None:
    values = np.random.default_rng(n).normal(-0.05, 0.02, n)
    expected = stats.t.interval(0.95, n - 1, values.mean(), stats.sem(values))
    summary = summarise(values, "exponent")
    assert (summary.low, summary.high) == pytest.approx(expected, rel=1e-12)


def test_where_seeds_agree_the_accuracys_interval_is_clopper_and_pearsons() -> None:
    expected = stats.binomtest(357, 360).proportion_ci(0.95, method="exact")
    summary = summarise([357 / 360] * 4, "fraction", samples=360)
    assert (summary.low, summary.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert summary.flags == ("identical",)
    perfect = summarise([1.0, 1.0, 1.0], "fraction", samples=360)
    assert (perfect.low, perfect.high) == pytest.approx((0.025 ** (1 / 360), 1.0), abs=1e-12)


def test_with_ever_more_test_samples_the_accuracys_interval_is_students() -> None:
    values = [0.90, 0.92, 0.97]
    expected = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    summary = summarise(values, "fraction", samples=10**10)
    assert (summary.low, summary.high) == pytest.approx((expected[0], min(expected[1], 1)), abs=1e-6)


def test_a_rates_interval_is_coxs_in_olssons_example() -> None:
    """Olsson (2005), table 3: 40 logarithms of mean 5.127 and variance 1.010; interval 184 to 424."""
    logs = np.random.default_rng(0).normal(size=40)
    logs = 5.127 + math.sqrt(1.010) * (logs - logs.mean()) / logs.std(ddof=1)
    summary = summarise(np.exp(logs), "rate")
    half = 2.0227 * math.sqrt(1.010 / 40 + 1.010**2 / (2 * 39))
    assert math.log(summary.low) == pytest.approx(5.127 + 0.505 - half, abs=1e-4)
    assert math.log(summary.high) == pytest.approx(5.127 + 0.505 + half, abs=1e-4)


@given(
    st.lists(accuracies, min_size=2, max_size=14),
    st.sampled_from(KINDS),
    st.sampled_from([0, 1, 50, 10_000]),
)
@settings(max_examples=200)
def test_the_mean_lies_in_its_interval_and_the_interval_within_range(
    values: list[float], kind: Scale, samples: int
) -> None:
    summary = summarise(values, kind, samples)
    assert summary.mean == pytest.approx(math.fsum(values) / len(values), abs=1e-12)
    if kind == "fraction" and not samples and len(set(values)) == 1:
        assert math.isnan(summary.low)
        assert math.isnan(summary.high)
        return
    assert summary.low <= summary.mean + 1e-15
    assert summary.mean - 1e-15 <= summary.high
    if kind == "fraction":
        assert summary.low >= 0
        assert summary.high <= 1
    if kind in {"rate", "ratio", "bytes"} and min(values) > 0:
        assert summary.low >= 0


def test_no_rate_is_said_to_be_below_nothing() -> None:
    summary = summarise([100.0, 200.0, 333.0], "rate")
    assert summary.low > 0
    assert summary.high - summary.mean > summary.mean - summary.low


@pytest.mark.parametrize("values", [[1e-5, 1e300], [5e-324, 1.0, 2.0], [1e-300, 1e300, 1.0]])
def test_extreme_rates_have_a_finite_interval(values: list[float]) -> None:
    summary = summarise(values, "rate")
    assert 0 <= summary.low <= summary.mean <= summary.high < math.inf


def test_one_seed_has_no_interval() -> None:
    summary = summarise([0.9], "fraction", samples=360)
    assert (summary.mean, summary.n, summary.flags) == (0.9, 1, ())
    assert math.isnan(summary.low)
    assert math.isnan(summary.high)


def test_without_values_there_is_no_mean() -> None:
    summary = summarise([])
    assert summary.n == 0
    assert math.isnan(summary.mean)


@pytest.mark.parametrize("n", [2, 9, 10, 12])
def test_what_is_exact_has_no_width_and_a_chance_agreement_no_interval(n: int) -> None:
    assert summarise([0.1] * n, "exponent") == Summary(0.1, 0.1, 0.1, n, ("identical",))
    assert math.isnan(summarise([0.1] * n, "fraction").low)


@pytest.mark.parametrize("n", [2, 9, 10, 11])
def test_an_infinite_seed_leaves_no_interval(n: int) -> None:
    summary = summarise([-math.inf, *[0.5] * (n - 1)])
    assert (summary.mean, summary.n, summary.flags) == (-math.inf, n, ("infinite",))
    assert math.isnan(summary.low)
    assert math.isnan(summarise([-math.inf, math.inf]).mean)


@pytest.mark.filterwarnings("error")
def test_values_whose_sum_or_variance_overflows_have_no_finite_interval() -> None:
    over = summarise([1e308, 1.5e308])
    assert (over.mean, over.n, over.flags) == (math.inf, 2, ("infinite",))
    assert math.isnan(over.low)
    wide = summarise([1e200, -1e200, 0.0], "exponent")
    assert (wide.mean, wide.low, wide.high) == (0.0, -math.inf, math.inf)


def test_missing_values_are_the_callers_to_count() -> None:
    with pytest.raises(ValueError, match="missing"):
        summarise([0.9, math.nan])


Draw: TypeAlias = Callable[[np.random.Generator, int], Values]


def accuracies_of(spread: float, shared: float) -> Draw:
    """Accuracies on 360 samples of seeds that are right in 99 % of all samples on average.

    Args:
        spread: Standard deviation of the seeds' true accuracies, which are beta-distributed; 0 for none.
        shared: How far seeds fail on the same samples: correlation of their (normal) margins, 1 where a
            sample is hard for all of them alike.
    """
    concentration = 0.99 * 0.01 / spread**2 - 1 if spread else 0.0

    def draw(generator: np.random.Generator, n: int) -> Values:
        true = generator.beta(0.99 * concentration, 0.01 * concentration, n) if spread else np.full(n, 0.99)
        margin = math.sqrt(shared) * generator.normal(size=360)
        margin = margin + math.sqrt(1 - shared) * generator.normal(size=(n, 360))
        below = margin < stats.norm.ppf(np.clip(true, 1e-12, 1 - 1e-12))[:, None]
        return np.asarray(below.mean(1), dtype=np.float64)

    return draw


CASES: dict[str, tuple[Scale, float, Draw]] = {
    "normal": ("exponent", -0.05, lambda generator, n: generator.normal(-0.05, 0.01, n)),
    "normal rate": ("rate", 1.0, lambda generator, n: generator.normal(1, 0.1, n)),
    "lognormal 0.3": ("rate", math.exp(0.045), lambda generator, n: generator.lognormal(0, 0.3, n)),
    "lognormal 1": ("bytes", math.exp(0.5), lambda generator, n: generator.lognormal(0, 1.0, n)),
    "exponential": ("rate", 1.0, lambda generator, n: generator.exponential(1.0, n)),
    "accuracy, one truth, same failures": ("fraction", 0.99, accuracies_of(0, 1)),
    "accuracy, one truth, other failures": ("fraction", 0.99, accuracies_of(0, 0)),
    "accuracy, beta 0.5 %, same failures": ("fraction", 0.99, accuracies_of(0.005, 1)),
    "accuracy, beta 0.5 %, some shared": ("fraction", 0.99, accuracies_of(0.005, 0.7)),
    "accuracy, beta 1.4 %, same failures": ("fraction", 0.99, accuracies_of(0.014, 1)),
}


def coverage(case: str, n: int, boards: int) -> float:
    """How often the interval of ``n`` seeds holds the truth."""
    kind, truth, draw = CASES[case]
    generator, hits = np.random.default_rng(n), 0
    for _ in range(boards):
        summary = summarise(draw(generator, n), kind, 360 if kind == "fraction" else 0)
        hits += summary.low <= truth <= summary.high
    return hits / boards


@pytest.mark.parametrize("case", ["normal", "lognormal 0.3", "accuracy, one truth, same failures"])
@pytest.mark.parametrize("n", [3, 10])
def test_intervals_cover(case: str, n: int) -> None:
    assert coverage(case, n, 400) >= 0.92


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_intervals_cover_from_two_to_thirty_seeds(case: str) -> None:
    found = {n: coverage(case, n, 4000) for n in (2, 3, 5, 10, 20, 30)}
    print(f"\n| {case} | " + " | ".join(f"{share:.3f}" for share in found.values()) + " |")  # noqa: T201
    assert min(found.values()) >= 0.925  # of 4000 boards, the least was 0.928: three lognormal seeds of σ = 1
