"""The leaderboard as a DataFrame: a row a combination in one place, ranked within one dataset."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import pandas as pd

from snnbench.records import Status
from snnbench.report.frame import BUDGET, LABEL, DataFrame, metrics, normalise
from snnbench.report.lookup import headlines
from snnbench.report.ranking import P_VALUE, STANDING, rank
from snnbench.report.rows import ROW, SCORE, groups, mark_biased_ratios, mark_other_surrogates, row_of

CONTEST = ("dataset", "protocol", *BUDGET)
"""Rows are ranked among those that agree in these, by accuracy."""

RACE = (*CONTEST, "network", f"{LABEL}reference")
"""Where nothing was trained, among those that agree in these, by speed."""

SPEED = "throughput.training"


def leaderboard(results: DataFrame) -> DataFrame:
    """Means over seeds: a row a combination, device, engine and environment.

    Each headline metric ``m`` has the columns ``m`` (the mean), ``m.low`` and ``m.high`` (its 95 %
    interval, null where there is none), ``m.n`` (of how many of the row's ``seeds`` it is the
    mean), ``m.flags``, and ``m.reason`` (why a seed has no number). ``status.done``,
    ``status.failed``, ... count seeds, ``label.*`` are the row's claims, and ``marks`` says, joined
    by ``; ``, what a reader must know before believing the row.

    A ratio of one seed keeps that seed's own interval.

    ``rank`` orders the rows of one ``contest``, which is one dataset, protocol and budget, by what
    ``ranked_by`` names: mean test accuracy. Each of them is compared with the first, accounting for its
    having been picked (``accuracy.test.p``, see ``comparison.against_best``), and
    ``accuracy.test.standing`` is one of ``ranking.Standing``: ``best`` (all that share rank 1), ``worse``
    (p < 0.05), ``tied`` (not told apart, which is no proof of equality), ``unclear`` (not told apart, below
    a row that is worse) or ``untested`` (fewer than two seeds on either side). Rows of a budget without
    epochs are ranked by training speed instead, those of one network and reference neuron, and none but
    the first has a standing.

    ``rank``, ``contest`` and the counts are whole numbers (``rank`` is null in a row that has no number to be
    ranked by), means and ends of intervals ``float64``, all else text.

    Args:
        results: A row a cell, as ``load_results`` returns it: also several such frames put together by
            ``pd.concat``, with columns added, or read back from ``table.csv``.

    Raises:
        UsageError: ``results`` is no table of results.
    """
    results = normalise(results)
    shown = headlines(metrics(results))
    split = groups(results)
    rows = [row_of(group, shown) for group in split]
    contests: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        contests[_contest(row)].append(index)
    for number, (_, contest) in enumerate(sorted(contests.items())):
        mark_other_surrogates([rows[index] for index in contest])
        mark_biased_ratios([rows[index] for index in contest])
        by = SCORE if rows[contest[0]]["epochs"] else SPEED
        samples = max(split[index].test_samples for index in contest)
        rankings = rank(
            [split[index].numbers(by) for index in contest],
            tested=by == SCORE,
            resolution=1 / samples if samples else 0.0,
        )
        for index, ranking in zip(contest, rankings, strict=True):
            rows[index] |= {"contest": number, "ranked_by": by, **ranking}
    frame = pd.DataFrame(rows)
    frame = frame.reindex(columns=_columns(results, shown, frame))
    frame = frame.sort_values(["contest", "rank"], kind="stable", ignore_index=True)
    frame = frame.astype({"rank": "Int64"})
    frame.attrs = {name: dict(results.attrs.get(name, {})) for name in ("units", "meanings")}
    return frame


def _contest(row: Mapping[str, object]) -> tuple[object, ...]:
    """What the rows of one contest agree in, in an order that sorts well."""
    return tuple(_natural(row.get(name)) for name in (CONTEST if row["epochs"] else RACE))


def _natural(value: Any) -> tuple[tuple[str, float], ...]:
    """A key that sorts the numbers in a text as numbers; what is missing comes first."""
    parts = re.split(r"(\d+(?:\.\d+)?)", "" if pd.isna(value) else str(value))
    return tuple((text, float(number or 0)) for text, number in zip_longest(parts[::2], parts[1::2]))


def _columns(results: DataFrame, shown: Sequence[str], rows: DataFrame) -> list[str]:
    """All columns in order, those of a board without rows included, and no status that no cell has."""
    parts = ("", ".low", ".high", ".n", ".flags", ".reason")
    numbers = [f"{metric}{part}" for metric in shown for part in parts]
    kept = {Status.DONE, *results["status"]}
    unused = [f"status.{status}" for status in Status if status not in kept]
    rest = [name for name in rows.columns if name not in {*ROW, "seeds", "marks", *numbers, *unused}]
    head = ["rank", "contest", "ranked_by", *ROW, "seeds", SCORE, P_VALUE, STANDING]
    return list(dict.fromkeys([*head, *numbers, *rest, "marks"]))
