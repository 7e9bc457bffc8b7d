"""Who is first: rank, comparison with the best and standing of the rows of one contest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from snnbench.report.comparison import ALPHA, against_best, mean


class Standing(StrEnum):
    """A standing says how a row compares with the best one."""

    BEST = "best"
    TIED = "tied"
    WORSE = "worse"
    UNCLEAR = "unclear"
    """Not told from the best, though a row of no lower mean is worse: its own seeds differ too much."""
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True)
class Ranking:
    """This says where a row stands in its contest.

    Attributes:
        rank: From 1; None without the number that it is ranked by.
        p_value: Of the comparison with the best; NaN where nothing was tested.
        standing: None if the row is not compared.
    """

    rank: int | None
    p_value: float
    standing: Standing | None


def rank(scores: Sequence[NDArray[np.float64]], *, tested: bool, resolution: float = 0.0) -> list[Ranking]:
    """Return rank, p-value against the best if ``tested``, and standing of each row of a contest.

    Args:
        scores: Of each row, one value a seed.
        tested: Rows are compared with the best; else it alone has a standing.
        resolution: Smallest step of a value (see ``against_best``).
    """
    means = np.array([mean(sample) for sample in scores])
    ranks = stats.rankdata(-means, method="min", nan_policy="omit")
    p_values = against_best(scores, resolution) if tested else np.full(len(scores), np.nan)
    worse = ranks[(ranks > 1) & (p_values < ALPHA)]
    first_worse = worse.min() if len(worse) else np.inf
    return [
        Ranking(
            rank=None if np.isnan(place) else int(place),
            p_value=math.nan if place == 1 else float(p),
            standing=_standing(float(place), float(p), first_worse) if tested or place == 1 else None,
        )
        for place, p in zip(ranks, p_values, strict=True)
    ]


def _standing(rank: float, p: float, first_worse: float) -> Standing | None:
    if np.isnan(rank):
        return None
    if rank == 1:
        return Standing.BEST
    if np.isnan(p):
        return Standing.UNTESTED
    if p < ALPHA:
        return Standing.WORSE
    return Standing.UNCLEAR if rank >= first_worse else Standing.TIED
