"""Who is first: rank, comparison with the best and standing of the rows of one contest."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snnbench.report.comparison import ALPHA, against_best, mean
from snnbench.report.rows import SCORE

P_VALUE = f"{SCORE}.p"
STANDING = f"{SCORE}.standing"


class Standing(StrEnum):
    """How a row compares with the best one."""

    BEST = "best"
    TIED = "tied"
    WORSE = "worse"
    UNCLEAR = "unclear"
    """Not told from the best, though a row of no lower mean is worse: its own seeds differ too much."""
    UNTESTED = "untested"


def rank(
    scores: Sequence[NDArray[np.float64]], *, tested: bool, resolution: float = 0.0
) -> list[dict[str, object]]:
    """Rank, p-value against the best if ``tested``, and standing of each row of a contest.

    Args:
        scores: Of each row, one value a seed.
        tested: Rows are compared with the best; else it alone has a standing.
        resolution: Smallest step of a value (see ``against_best``).
    """
    ranks = pd.Series([mean(sample) for sample in scores]).rank(ascending=False, method="min").to_numpy()
    p_values = against_best(scores, resolution) if tested else np.full(len(scores), np.nan)
    worse = ranks[(ranks > 1) & (p_values < ALPHA)]
    first_worse = worse.min() if len(worse) else np.inf
    return [
        {
            "rank": place,
            P_VALUE: np.nan if place == 1 else p,
            STANDING: _standing(float(place), float(p), first_worse) if tested or place == 1 else None,
        }
        for place, p in zip(ranks, p_values, strict=True)
    ]


def _standing(rank: float, p: float, first_worse: float) -> str | None:
    if np.isnan(rank):
        return None
    if rank == 1:
        return Standing.BEST.value
    if np.isnan(p):
        return Standing.UNTESTED.value
    if p < ALPHA:
        return Standing.WORSE.value
    return (Standing.UNCLEAR if rank >= first_worse else Standing.TIED).value
