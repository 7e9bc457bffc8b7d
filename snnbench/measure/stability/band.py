"""A disturbance grows in a band of sizes: from where λ(δ) crosses 0 upward to where it comes down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from scipy.special import ndtr, stdtrit
from torch import Tensor

from snnbench.measure.stability.statistics import CONFIDENCE, ENTRIES, bootstrap

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Band:
    """The first band of sizes with λ(δ) > 0, its ends interpolated in ln δ.

    Attributes:
        start: Where it begins; None where no size grows, or the smallest does already.
        end: Where it ends; None where no size grows, or the largest still does.
        grows: Some size grows.
        more: There is another band at larger sizes.
    """

    start: float | None = None
    end: float | None = None
    grows: bool = False
    more: bool = False


def band(sizes: Sequence[float], curve: Sequence[float]) -> Band:
    """Return the band of ``curve``, one value a size, ascending; values that are not finite are left out."""
    points = [(size, value) for size, value in zip(sizes, curve, strict=True) if math.isfinite(value)]
    first = next((index for index, (_, value) in enumerate(points) if value > 0), None)
    if first is None:
        return Band()
    after = next((index for index in range(first, len(points)) if points[index][1] <= 0), None)
    return Band(
        _zero(points[first - 1], points[first]) if first else None,
        _zero(points[after - 1], points[after]) if after else None,
        grows=True,
        more=after is not None and any(value > 0 for _, value in points[after:]),
    )


def _zero(left: tuple[float, float], right: tuple[float, float]) -> float:
    """Return the size at which a line in ln δ between two points is 0."""
    (small, low), (large, high) = left, right
    return math.exp(math.log(small) + math.log(large / small) * low / (low - high))


def intervals(
    sums: Tensor, counts: Tensor, sizes: Sequence[float], seed: int
) -> tuple[Interval | None, Interval | None]:
    """Return the 95 % bootstrap intervals of a band's start and end, over the batch entries.

    Percentiles of resampled curves, widened as a small sample's are too narrow (Hesterberg 2015, Am.
    Stat. 69(4), eq. 8). None where a resampled curve often has no such end, or where there are few entries.

    Args:
        sums: Sums of ln(‖Δ'‖/‖Δ‖), ``[blocks, B, m]``.
        counts: Number of steps in them, likewise.
        sizes: The m sizes.
        seed: Of the resampling.
    """
    entries = sums.shape[1]
    if entries < ENTRIES:
        return None, None
    curves = bootstrap(sums, counts, torch.Generator().manual_seed(seed)).tolist()
    found = [band(sizes, curve) for curve in curves]
    quantile = float(stdtrit(entries - 1, (1 - CONFIDENCE) / 2)) * math.sqrt(entries / (entries - 1))
    tail = float(ndtr(quantile))
    starts, ends = [one.start for one in found], [one.end for one in found]
    return _percentiles(starts, tail), _percentiles(ends, tail)


def _percentiles(values: Sequence[float | None], tail: float) -> Interval | None:
    known = [value for value in values if value is not None]
    if len(known) < (1 + CONFIDENCE) / 2 * len(values):
        return None
    ends = torch.tensor([tail, 1 - tail], dtype=torch.float64)
    low, high = torch.tensor(known, dtype=torch.float64).quantile(ends).tolist()
    return low, high
