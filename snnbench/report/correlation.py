"""Does what a network is before training go with what it becomes? Rank correlations over combinations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from snnbench.report.statistics import CONFIDENCE

Pairs = NDArray[np.float64]

FEWEST = 6
"""Combinations below which nothing is said."""
FEWEST_FAMILIES = 6
"""Families below which there is no interval."""
RESAMPLES = 1000
LARGEST = 0.9999
"""Largest |ρ| of a resample: Fisher's z of 1 is infinite."""


@dataclass(frozen=True, slots=True)
class Within:
    """This is Spearman's ρ over the ``n`` combinations of a family; it is NaN where one is constant."""

    family: str
    rho: float
    n: int


@dataclass(frozen=True, slots=True)
class Correlation:
    """This is Spearman's ρ over ``n`` combinations, pooled and within families.

    Attributes:
        rho: NaN where there is none.
        low: Lower end of the 95 % interval; NaN where there is none.
        high: Upper end, likewise.
        n: Combinations that have both numbers.
        families: How many families they are of.
        within: Of each family of at least ``FEWEST`` combinations, by name.
        reason: Why there is no ρ, or no interval; empty where there are both.
    """

    rho: float
    low: float
    high: float
    n: int
    families: int
    within: tuple[Within, ...] = ()
    reason: str = ""


def spearman(x: Sequence[float], y: Sequence[float], families: Sequence[str]) -> Correlation:
    """Return Spearman's ρ of pairs, those with a NaN left out; ±∞ is a rank like any other.

    Combinations of one family resemble each other, so that the interval is over families: Fisher's z
    with its standard deviation over resampled families (a cluster bootstrap) and Student's quantile for the
    number of families.

    Args:
        x: One number a combination.
        y: Another one.
        families: Which family each combination is of.
    """
    groups = _groups(x, y, families)
    pooled = np.concatenate(list(groups.values())) if groups else np.empty((0, 2))
    n = len(pooled)
    if n < FEWEST:
        return Correlation(
            math.nan, math.nan, math.nan, n, len(groups), reason=f"fewer than {FEWEST} combinations"
        )
    rho = _rho(pooled)
    within = tuple(
        Within(name, _rho(pairs), len(pairs)) for name, pairs in groups.items() if len(pairs) >= FEWEST
    )
    reason = _obstacle(rho, len(groups))
    low, high = (math.nan, math.nan) if reason else _interval(rho, list(groups.values()))
    return Correlation(rho, low, high, n, len(groups), within, reason)


def _groups(x: Sequence[float], y: Sequence[float], families: Sequence[str]) -> dict[str, Pairs]:
    """Return the pairs of each family, in an order that does not depend on that of the combinations."""
    found: dict[str, list[tuple[float, float]]] = {}
    for family, one, other in sorted(zip(families, x, y, strict=True)):
        if not (math.isnan(one) or math.isnan(other)):
            found.setdefault(family, []).append((one, other))
    return {family: np.array(pairs, dtype=np.float64) for family, pairs in found.items()}


def _rho(pairs: Pairs) -> float:
    """Return Spearman's ρ; NaN where one of the two is the same everywhere."""
    ranks = stats.rankdata(pairs, axis=0)
    return math.nan if (np.ptp(ranks, axis=0) == 0).any() else float(np.asarray(np.corrcoef(ranks.T))[0, 1])


def _obstacle(rho: float, families: int) -> str:
    """Return why there is no interval."""
    if math.isnan(rho):
        return "one of the two is the same everywhere"
    if families < FEWEST_FAMILIES:
        return f"no interval from {families} neuron families, {FEWEST_FAMILIES} are needed"
    return "no interval at |ρ| = 1" if math.isclose(abs(rho), 1) else ""


def _interval(rho: float, groups: Sequence[Pairs]) -> tuple[float, float]:
    generator = np.random.default_rng(0)
    drawn = generator.integers(len(groups), size=(RESAMPLES, len(groups)))
    found = np.array([_rho(np.concatenate([groups[index] for index in chosen])) for chosen in drawn])
    deviation = float(np.nanstd(np.arctanh(np.clip(found, -LARGEST, LARGEST)), ddof=1))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(groups) - 1)) * deviation
    return math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half)
