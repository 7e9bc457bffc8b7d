"""Who is first: rank, test against the best and standing of the rows of one contest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snnbench.report.rows import SCORE
from snnbench.report.statistics import ALPHA, adjust, welch

P_VALUE = f"{SCORE}.p"
STANDING = f"{SCORE}.standing"


def rank(scores: Sequence[NDArray[np.float64]], *, tested: bool) -> list[dict[str, object]]:
    """Rank, adjusted p-value against the best if ``tested``, and standing of each row of a contest."""
    means = pd.Series([sample.mean() if len(sample) else np.nan for sample in scores])
    ranks = means.rank(ascending=False, method="min")
    best = None if ranks.isna().all() else int(ranks.argmin())
    p_values = [
        np.nan if best is None or index == best or not tested else welch(sample, scores[best])
        for index, sample in enumerate(scores)
    ]
    return [
        {
            "rank": rank,
            P_VALUE: p,
            STANDING: _standing(index == best, rank, p) if tested or index == best else None,
        }
        for index, (rank, p) in enumerate(zip(ranks, adjust(p_values), strict=True))
    ]


def _standing(best: bool, rank: float, p: float) -> str | None:
    if np.isnan(rank):
        return None
    if best:
        return "best"
    if np.isnan(p):
        return "untested"
    return "worse" if p < ALPHA else "tied"
