"""Tell which rows of a contest are worse than its best row, although the best was picked by looking."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Numbers = NDArray[np.float64]

ALPHA = 0.05
DRAWS = 5000
"""Boards that are drawn; no p-value is below ``CAUTION / (DRAWS + 1)``."""
BATCH = 500
"""Boards in memory at once."""
CAUTION = 1.5
"""Factor of the p-values: the drawn boards take each row's variance for known, and with three seeds and
variances that differ by 100 they err in 7 % of boards where they say 5 %."""
DIGITS = 12
"""Means that agree in so many significant digits are equal."""


def mean(sample: Numbers) -> float:
    """Return the mean, the same in whatever order the values come; NaN without values."""
    if not len(sample):
        return math.nan
    with np.errstate(invalid="ignore", over="ignore"):
        return float(f"{np.sort(sample).mean():.{DIGITS}g}")


def against_best(scores: Sequence[Numbers], resolution: float = 0.0) -> Numbers:
    """P-value of each row against the row of the highest mean, NaN where nothing can be tested.

    Each difference to the best, in units of its standard error (Welch's, unequal variances and numbers of
    seeds), is compared with the greatest difference of a board on which all rows have the same mean: boards
    with the rows' variances and numbers of seeds are drawn, each with its own best (a parametric bootstrap of
    the largest standardised difference, as in Krishnamoorthy, Lu and Mathew 2007, Computational
    Statistics & Data Analysis 51, 5731-5742). So below ``ALPHA`` the chance of calling any of equal rows
    worse is bounded, however many they are. Nothing depends on the order of rows or of values.

    A row needs two finite values; where neither it nor the best has any spread it is not tested.
    Of rows that share the highest mean, the one with the smallest standard error is the one compared with.

    Args:
        scores: Of each row, one value a seed.
        resolution: Smallest step of a value, 1/samples of an accuracy. Half of it is added to the spread.
    """
    found = np.full(len(scores), np.nan)
    rows = [index for index, sample in enumerate(scores) if len(sample) and np.isfinite(sample).all()]
    if not rows:
        return found
    means = np.array([mean(scores[index]) for index in rows])
    counts = np.array([len(scores[index]) for index in rows])
    spreads = np.array([_variance(scores[index], resolution) for index in rows])
    order = np.lexsort((counts, spreads / counts, -means))
    means, counts, spreads = means[order], counts[order], spreads[order]
    if counts[0] < 2:
        return found
    able = counts >= 2
    p_values = _p_values(means[able], counts[able], spreads[able])
    found[np.array(rows)[order[able]]] = p_values
    return found


def _variance(sample: Numbers, resolution: float) -> float:
    """Return the variance between seeds, and of half a step.

    Seeds that agree do so by chance. Of one value the variance is ∞.
    """
    if len(sample) < 2:
        return math.inf
    return float(np.sort(sample).var(ddof=1)) + resolution**2 / 4


def _p_values(means: Numbers, counts: NDArray[np.int64], spreads: Numbers) -> Numbers:
    """Return the p-values of rows in order, the best one first; its own is NaN."""
    generator = np.random.default_rng(0)
    batches = [_greatest(counts, spreads, generator) for _ in range(0, DRAWS, BATCH)]
    greatest = np.sort(np.concatenate(batches))
    seen = _differences(means[None], (spreads / counts)[None], np.zeros(1, dtype=np.int64))[0]
    reached = len(greatest) - np.searchsorted(greatest, seen, side="left")
    bootstrap = CAUTION * (1 + reached) / (len(greatest) + 1)
    # two rows of two seeds: the sum of two chi-squares is too far from one; this bound is exact
    fewest = np.minimum(counts, counts[0])
    p_values = np.minimum(np.maximum(bootstrap, 2 * stats.t.sf(seen, fewest - 1)), 1)
    untested = (spreads == 0) & (spreads[0] == 0)
    untested[0] = True
    return np.where(untested, np.nan, p_values)


def _greatest(counts: NDArray[np.int64], spreads: Numbers, generator: np.random.Generator) -> Numbers:
    """Return the greatest difference to the best on each of ``BATCH`` boards whose rows have one mean."""
    size = (BATCH, len(counts))
    means = generator.normal(size=size) * np.sqrt(spreads / counts)
    varied = spreads * generator.chisquare(counts - 1, size=size) / (counts - 1)
    return np.asarray(_differences(means, varied / counts, means.argmax(1)).max(1), dtype=np.float64)


def _differences(means: Numbers, errors: Numbers, best: NDArray[np.int64]) -> Numbers:
    """Return the differences of each row of ``means [draws, k]`` to its ``best``, in standard errors.

    It is 0 for 0/0.
    """
    lead = np.take_along_axis(means, best[:, None], 1) - means
    error = np.sqrt(np.take_along_axis(errors, best[:, None], 1) + errors)
    return np.divide(lead, error, out=np.zeros_like(lead), where=error > 0)
