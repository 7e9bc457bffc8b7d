"""Means over seeds with 95 % intervals; docs/statistics.md tells how often each of them covers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from snnbench.quantities import Scale
from snnbench.report.marks import ReportFlag

Sample: TypeAlias = Sequence[float] | NDArray[np.float64]
Ends: TypeAlias = tuple[float, float]

CONFIDENCE = 0.95
POSITIVE = frozenset({Scale.RATE, Scale.RATIO, Scale.BYTES})
LARGEST_LOG = 709.0
"""Logarithm below which a number is finite in float64."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A mean over seeds.

    Attributes:
        mean: NaN without values.
        low: Lower end of the 95 % interval of the mean; NaN where there is none.
        high: Upper end, likewise.
        n: Number of values.
        flags: ``identical`` or ``infinite`` (see ``marks.ReportFlag``).
    """

    mean: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    flags: tuple[str, ...] = ()


@np.errstate(over="ignore", invalid="ignore")
def summarise(values: Sample, scale: Scale = Scale.PLAIN, samples: int = 0) -> Summary:
    """Mean and 95 % interval of what a further seed is expected to give; no interval for n = 1.

    Rates, ratios and bytes are intervals on a logarithmic scale, and so above 0. Fractions are within 0
    and 1. Everything else is Student's t.

    Args:
        values: One a seed.
        scale: What they are.
        samples: Of a fraction: on how many samples, the same for all seeds, each value was counted. Their
            own sampling error is then within the interval. 0 if that is not known: then the interval
            speaks of these samples alone, and there is none where all seeds agree.

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
        return Summary(mean, n=n, flags=(ReportFlag.INFINITE,))
    if n == 1:
        return Summary(float(sample[0]), n=1)
    identical = bool(np.ptp(sample) == 0)
    mean = float(sample[0] if identical else sample.mean())
    if math.isinf(mean):
        return Summary(mean, n=n, flags=(ReportFlag.INFINITE,))
    low, high = _interval(sample, mean, scale, samples)
    return Summary(mean, low, high, n, (ReportFlag.IDENTICAL,) if identical else ())


def _interval(sample: NDArray[np.float64], mean: float, scale: Scale, samples: int) -> Ends:
    if scale == Scale.FRACTION and sample.min() >= 0 and sample.max() <= 1:
        return _of_fraction(sample, mean, samples)
    if np.ptp(sample) == 0:
        return mean, mean
    if scale in POSITIVE and sample.min() > 0:
        return _of_positive(sample, mean)
    half = _half(sample)
    return mean - half, mean + half


def _half(sample: NDArray[np.float64]) -> float:
    """Half of Student's interval of the mean."""
    n = len(sample)
    return float(_quantile(n) * sample.std(ddof=1) / math.sqrt(n)) if np.ptp(sample) else 0.0


def _quantile(n: int) -> float:
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1))


def _of_positive(sample: NDArray[np.float64], mean: float) -> Ends:
    """Cox's interval of the mean of a lognormal quantity, with Student's quantile.

    Olsson (2005, Journal of Statistics Education 13(1)). It is of the mean itself, not of the geometric mean.
    """
    logs = np.log(sample)
    n, variance = len(logs), float(logs.var(ddof=1))
    centre = float(logs.mean()) + variance / 2
    half = _quantile(n) * math.sqrt(variance / n + variance**2 / (2 * (n - 1)))
    low, high = (math.exp(min(end, LARGEST_LOG)) for end in (centre - half, centre + half))
    return min(low, mean), max(high, mean)


def _of_fraction(sample: NDArray[np.float64], mean: float, samples: int) -> Ends:
    """Student's interval over seeds and Clopper and Pearson's over samples, distances added in squares.

    All seeds are tested on the same samples, so that part does not shrink with the number of seeds. Adding
    distances of limits (Zou and Donner 2008, Statistics in Medicine 27, 1693-1702) keeps each part's
    skewness. Where seeds err on different samples, the sampling error is counted in both: the interval
    is too wide rather than too narrow.
    """
    half = _half(sample)
    if not samples:
        return (max(mean - half, 0.0), min(mean + half, 1.0)) if half else (math.nan, math.nan)
    hits, tail = mean * samples, (1 - CONFIDENCE) / 2
    low = float(stats.beta.ppf(tail, hits, samples - hits + 1)) if mean > 0 else 0.0
    high = float(stats.beta.isf(tail, hits + 1, samples - hits)) if mean < 1 else 1.0
    return max(mean - math.hypot(half, mean - low), 0.0), min(mean + math.hypot(half, high - mean), 1.0)
