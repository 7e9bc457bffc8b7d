"""Does what a network is before training go with what it becomes? Rank correlations over combinations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from snnbench.report.statistics import CONFIDENCE

FEWEST = 6
"""Combinations below which nothing is said."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's ρ over ``n`` combinations, and its 95 % interval.

    Attributes:
        rho: NaN where there is none.
        low: Lower end of the interval; NaN where there is none.
        high: Upper end, likewise.
        n: Combinations that have both numbers.
        reason: Why there is no ρ, or no interval; empty where there are both.
    """

    rho: float
    low: float
    high: float
    n: int
    reason: str = ""


def spearman(x: Sequence[float], y: Sequence[float]) -> Correlation:
    """Spearman's ρ of pairs, those with a NaN left out; ±∞ is a rank like any other.

    The interval is Bonett and Wright's (2000, Psychometrika 65, 23-28): Fisher's z with the variance
    (1 + ρ²/2)/(n − 3).
    """
    pairs = np.array([pair for pair in zip(x, y, strict=True) if not np.isnan(pair).any()]).reshape(-1, 2)
    n = len(pairs)
    if n < FEWEST:
        return _none(n, f"fewer than {FEWEST} combinations")
    ranks = stats.rankdata(pairs, axis=0)
    if (np.ptp(ranks, axis=0) == 0).any():
        return _none(n, "one of the two is the same everywhere")
    rho = float(np.corrcoef(ranks.T)[0, 1])
    if math.isclose(abs(rho), 1):
        return Correlation(math.copysign(1.0, rho), math.nan, math.nan, n, "no interval at |ρ| = 1")
    half = stats.norm.ppf((1 + CONFIDENCE) / 2) * math.sqrt((1 + rho**2 / 2) / (n - 3))
    return Correlation(rho, math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half), n)


def _none(n: int, reason: str) -> Correlation:
    return Correlation(math.nan, math.nan, math.nan, n, reason)
