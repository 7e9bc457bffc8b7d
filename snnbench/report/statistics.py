"""Means over seeds with intervals, and whether two rows can be told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Sample: TypeAlias = Sequence[float] | NDArray[np.float64]

CONFIDENCE = 0.95
ALPHA = 0.05
BOOTSTRAP_FROM = 10
"""Number of values from which the interval is a bootstrap; a t-interval below."""

RESAMPLES = 9999


@dataclass(frozen=True, slots=True)
class Summary:
    """A mean over seeds.

    Attributes:
        mean: NaN without values.
        low: Lower end of the 95 % interval of the mean; NaN where there is none.
        high: Upper end, likewise.
        n: Number of values.
        flags: ``identical`` or ``infinite`` (see ``catalogue.MARKS``).
    """

    mean: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    flags: tuple[str, ...] = ()


def summarise(values: Sample) -> Summary:
    """Mean and 95 % interval: Student's t for n < 10, a seeded BCa bootstrap from 10, none for n = 1.

    Raises:
        ValueError: A value is NaN; what is missing has to be left out, and counted, by the caller.
    """
    sample = np.asarray(values, dtype=np.float64)
    n = len(sample)
    if np.isnan(sample).any():
        raise ValueError("a mean over missing values")
    if n == 0:
        return Summary()
    if np.isinf(sample).any():
        signs = set(np.sign(sample[np.isinf(sample)]))
        mean = math.copysign(math.inf, signs.pop()) if len(signs) == 1 else math.nan
        return Summary(mean, n=n, flags=("infinite",))
    if n == 1:
        return Summary(float(sample[0]), n=1)
    if np.ptp(sample) == 0:
        same = float(sample[0])
        return Summary(same, same, same, n, flags=("identical",))
    low, high = _t_interval(sample) if n < BOOTSTRAP_FROM else _bootstrap(sample)
    return Summary(float(sample.mean()), low, high, n)


def _t_interval(sample: NDArray[np.float64]) -> tuple[float, float]:
    half = stats.t.ppf((1 + CONFIDENCE) / 2, len(sample) - 1) * stats.sem(sample)
    return float(sample.mean() - half), float(sample.mean() + half)


def _bootstrap(sample: NDArray[np.float64]) -> tuple[float, float]:
    interval = stats.bootstrap(
        (sample,),
        np.mean,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        method="BCa",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(interval.low), float(interval.high)


def welch(a: Sample, b: Sample) -> float:
    """Two-sided p of equal means without equal variances; NaN where nothing can be tested.

    Seeds of two combinations are independent streams, so the test is not paired. It needs two
    values on each side and some spread between seeds: without it no p-value means anything.
    """
    if min(len(a), len(b)) < 2 or not np.isfinite([*a, *b]).all() or (np.ptp(a) == 0 and np.ptp(b) == 0):
        return math.nan
    moments = [(np.mean(sample), np.std(sample, ddof=1), len(sample)) for sample in (a, b)]
    return float(stats.ttest_ind_from_stats(*moments[0], *moments[1], equal_var=False).pvalue)


def adjust(p_values: Sample) -> NDArray[np.float64]:
    """Benjamini and Hochberg's adjustment (1995) for many tests; what was not tested (NaN) stays NaN.

    Below ``ALPHA`` it bounds the expected share of false claims among all that are made. A bound on
    the chance of any (Holm's) would, with the few seeds of a board, call nearly every row of a long
    one tied with the best.
    """
    adjusted = np.array(p_values, dtype=np.float64)
    tested = ~np.isnan(adjusted)
    if tested.any():
        adjusted[tested] = stats.false_discovery_control(adjusted[tested], method="bh")
    return adjusted
