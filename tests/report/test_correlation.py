from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from snnbench.report import correlation
from snnbench.report.correlation import FEWEST, FEWEST_FAMILIES, spearman

Board = tuple[list[float], list[float], list[str]]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=FEWEST, max_size=60))
def test_rho_is_scipy_s(pairs: list[tuple[int, int]]) -> None:
    x, y = (list(map(float, column)) for column in zip(*pairs, strict=True))
    found = spearman(x, y, ["one"] * len(x))
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(found.rho)
        assert "same" in found.reason
        return
    assert found.rho == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    (within,) = found.within
    assert (within.rho, within.n) == (found.rho, found.n)


def board(families: int, size: int, within: float, generator: np.random.Generator) -> Board:
    """Families of ``size`` alike combinations: normal numbers, correlated 0.6 between families."""
    x: list[float] = []
    y: list[float] = []
    names: list[str] = []
    for family in range(families):
        one, noise = generator.normal(size=2)
        other = 0.6 * one + 0.8 * noise
        own, noises = generator.normal(size=(2, size))
        x += list(math.sqrt(0.9) * one + math.sqrt(0.1) * own)
        y += list(
            math.sqrt(0.9) * other + math.sqrt(0.1) * (within * own + math.sqrt(1 - within**2) * noises)
        )
        names += [f"neuron{family}"] * size
    return x, y, names


def coverage(families: int, within: float, boards: int) -> float:
    """How often the interval holds ρ, by Pearson's (1907) ρ = 6/π·asin(r/2) of a bivariate normal."""
    generator, hits = np.random.default_rng(families), 0
    truth = 6 / math.pi * math.asin((0.9 * 0.6 + 0.1 * within) / 2)
    for _ in range(boards):
        found = spearman(*board(families, 6, within, generator))
        hits += found.low <= truth <= found.high
    return hits / boards


def test_the_interval_counts_families(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bonett and Wright's interval, which counts combinations, covers 65 % here."""
    monkeypatch.setattr(correlation, "RESAMPLES", 60)
    assert coverage(8, 0.0, 60) >= 0.88


@pytest.mark.slow
@pytest.mark.parametrize("within", [0.0, 0.8, -0.8])
def test_the_interval_covers_from_the_fewest_families_on(
    within: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correlation, "RESAMPLES", 100)
    found = {families: coverage(families, within, 150) for families in (FEWEST_FAMILIES, 8, 12, 20)}
    print(f"\n| {within} | " + " | ".join(f"{share:.3f}" for share in found.values()) + " |")  # noqa: T201
    assert min(found.values()) >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 150)


def test_of_few_families_there_is_no_interval_and_each_has_its_own_rho() -> None:
    up, down = list(map(float, range(8))), list(map(float, range(8, 0, -1)))
    x = [*up, *[value + 100 for value in up]]
    y = [*down, *[value + 100 for value in down]]
    found = spearman(x, y, ["lif"] * 8 + ["rlif"] * 8)
    assert found.rho > 0
    assert [(one.family, one.rho) for one in found.within] == [("lif", -1), ("rlif", -1)]
    assert math.isnan(found.low)
    assert (found.families, "2 neuron families" in found.reason) == (2, True)


def test_the_order_of_combinations_changes_nothing() -> None:
    generator = np.random.default_rng(3)
    x, y, names = board(FEWEST_FAMILIES, 3, 0.0, generator)
    order = generator.permutation(len(x))
    shuffled = spearman([x[i] for i in order], [y[i] for i in order], [names[i] for i in order])
    assert shuffled == spearman(x, y, names)
    assert -1 < shuffled.low < shuffled.rho < shuffled.high < 1


def test_minus_infinity_is_the_lowest_rank_and_what_is_missing_is_left_out() -> None:
    x = [-math.inf, -2.0, -1.0, 0.0, 1.0, 2.0, math.nan, 3.0]
    y = [0.0, 1.0, 2.0, 5.0, 4.0, 3.0, 9.0, math.nan]
    found = spearman(x, y, ["one"] * 8)
    assert found.n == 6
    assert found.rho == pytest.approx(stats.spearmanr(range(6), y[:6]).statistic)


def test_few_combinations_and_perfect_order_say_so() -> None:
    few = spearman([1.0] * 5, [2.0] * 5, ["one"] * 5)
    assert (math.isnan(few.rho), few.n) == (True, 5)
    assert "fewer" in few.reason
    perfect = spearman(list(range(8)), list(range(8))[::-1], list("abcdefgh"))
    assert perfect.rho == -1
    assert math.isnan(perfect.low)
    assert "interval" in perfect.reason
