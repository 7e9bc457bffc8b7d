"""Measure whether a leading exponent is degenerate: its tangent grows as tᵈ·exp(λt), not as exp(λt).

Where leading exponents are equal and coupled, as of two equal leaks in series (a Jordan block), a mean over T
steps is above λ by about d·ln(T)/T.
"""

from __future__ import annotations

from typing import Final

from torch import Tensor

from snnbench.measure.stability.statistics import BLOCKS, ENTRIES

LEAST: Final = 0.5
"""Smallest d that is seen: that of a Jordan block is a whole number."""
SURE: Final = 5.0
"""Standard errors by which d has to be above 0."""


def is_degenerate(sums: Tensor, counts: Tensor, transient: int) -> bool:
    """Return whether the growth per step falls off as d/t, beyond doubt.

    Args:
        sums: ln of the leading tangent's growth over blocks of time, ``[blocks, B]``.
        counts: Steps of each block, ``[blocks]``.
        transient: Steps before the first block.

    Returns:
        False where the blocks are too few to tell. The first quarter is left out: there a tangent may still
        turn into its direction.
    """
    if len(sums) < BLOCKS or not sums.isfinite().all():
        return False
    ends = transient + counts.cumsum(0)
    starts = (ends - counts).clamp(min=1)
    expected = (ends / starts).log() / counts  # of d = 1
    late = slice(len(sums) // 4, None)
    rates, expected = (sums / counts[:, None])[late], expected[late] - expected[late].mean()
    slopes = (expected[:, None] * rates).sum(0) / expected.square().sum()
    d = float(slopes.mean())
    if len(slopes) >= ENTRIES and bool((slopes != slopes[0]).any()):
        error = float(slopes.std()) / len(slopes) ** 0.5
    else:
        rate = rates.mean(1)
        residuals = rate - rate.mean() - d * expected
        error = float((residuals.square().sum() / (len(rate) - 2) / expected.square().sum()).sqrt())
    return d > LEAST and d > SURE * error
