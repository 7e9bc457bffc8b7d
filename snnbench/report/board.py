"""The leaderboard as a DataFrame: a row a combination in one place, ranked within one dataset."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snnbench.records import Status
from snnbench.report.catalogue import FAILED_CHECKS, describe, headlines
from snnbench.report.frame import AXES, BUDGET, LABEL, PENALTY, DataFrame, metrics
from snnbench.report.statistics import ALPHA, Summary, adjust, summarise, welch

PLACE = ("device", "engine", "environment")
CONTEST = ("dataset", "protocol", *BUDGET)
"""Rows are ranked among those that agree in these, by accuracy."""

RACE = (*CONTEST, "network", f"{LABEL}reference")
"""Where nothing was trained, among those that agree in these, by speed."""

ROW = (*AXES, PENALTY, *PLACE, "protocol", *BUDGET)
"""Cells are averaged only when they agree in these."""

SCORE = "accuracy.test"
SPEED = "throughput.training"
P_VALUE = f"{SCORE}.p"
STANDING = f"{SCORE}.standing"
FEW = 3
SENTENCES = {f"{LABEL}chunk", f"{LABEL}fallback"}
"""Labels that are no lists of words."""
CLASS = "class "
"""The flag of a ratio that says how equal the model is that it is compared with; shown at the number."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The cells of one row."""

    cells: DataFrame

    @property
    def mixed(self) -> bool:
        """A seed is there twice: two versions of a component or dataset, never to be averaged."""
        return bool(self.cells["seed"].duplicated().any())

    @property
    def empty(self) -> bool:
        """None of its cells was meant to run."""
        return bool((self.cells["status"] == Status.SKIPPED).all())

    def numbers(self, metric: str) -> NDArray[np.float64]:
        """What the seeds measured; nothing where versions are mixed, or where no cell got so far."""
        known = metric in self.cells and not self.mixed
        return np.array(self.cells[metric].dropna() if known else [], dtype=np.float64)

    def words(self, column: str, separator: str) -> list[str]:
        """All words in a column of text, each once."""
        texts = self.cells[column].dropna() if column in self.cells else ()
        return list(dict.fromkeys(word for text in texts for word in text.split(separator)))


def leaderboard(results: DataFrame) -> DataFrame:
    """Means over seeds: a row a combination, device, engine and environment.

    Each headline metric ``m`` has the columns ``m`` (the mean), ``m.low`` and ``m.high`` (its 95 %
    interval, null where there is none), ``m.n`` (of how many of the row's ``seeds`` it is the
    mean), ``m.flags``, and ``m.reason`` (why a seed has no number). ``status.done``,
    ``status.failed``, ... count seeds, ``label.*`` are the row's claims, and ``marks`` says, joined
    by ``; ``, what a reader must know before believing the row.

    A ratio of one seed keeps that seed's own interval.

    ``rank`` orders the rows of one ``contest``, which is one dataset, protocol and budget, by what
    ``ranked_by`` names: mean test accuracy. Each of them is tested against the first (Welch's t-test,
    Benjamini-Hochberg-adjusted: ``accuracy.test.p``), and ``accuracy.test.standing`` is ``best``,
    ``worse`` (p < 0.05), ``tied`` (not told apart, which is no proof of equality) or ``untested`` (fewer
    than two seeds, or no spread, on either side). Rows of a budget without epochs are ranked by training
    speed instead, those of one network and reference neuron, and none but the first has a standing.

    Args:
        results: A row a cell, as ``load_results`` returns it.
    """
    shown = headlines(metrics(results))
    placed = _place(results)
    split = placed.groupby(list(ROW), dropna=False, sort=False)
    groups = [group for group in (_Group(cells) for _, cells in split) if not group.empty]
    rows = [_row(group, shown) for group in groups]
    contests: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        contests[_contest(row)].append(index)
    for number, (_, contest) in enumerate(sorted(contests.items())):
        _mark_other_surrogates([rows[index] for index in contest])
        by = SCORE if rows[contest[0]]["epochs"] else SPEED
        rankings = _rank([groups[index].numbers(by) for index in contest], tested=by == SCORE)
        for index, ranking in zip(contest, rankings, strict=True):
            rows[index] |= {"contest": number, "ranked_by": by, **ranking}
    frame = pd.DataFrame(rows)
    frame = frame.reindex(columns=_columns(placed, shown, frame))
    frame = frame.sort_values(["contest", "rank"], kind="stable", ignore_index=True)
    frame.attrs["units"] = dict(results.attrs.get("units", {}))
    return frame


def _contest(row: Mapping[str, object]) -> tuple[object, ...]:
    """What the rows of one contest agree in, in an order that sorts well."""
    return tuple(_natural(row.get(name)) for name in (CONTEST if row["epochs"] else RACE))


def _natural(value: Any) -> tuple[tuple[str, float], ...]:
    """A key that sorts the numbers in a text as numbers; what is missing comes first."""
    parts = re.split(r"(\d+(?:\.\d+)?)", "" if pd.isna(value) else str(value))
    return tuple((text, float(number or 0)) for text, number in zip_longest(parts[::2], parts[1::2]))


def _place(results: DataFrame) -> DataFrame:
    """Put a cell that ended early into the row where its other seeds are.

    It may not have got as far as its environment or the engine in use; in a row of its own it
    would be missing from the count of failed seeds.
    """
    placed = results.copy()
    same = ["combination", "protocol", *BUDGET]
    done = results[results["status"] == Status.DONE]
    for index, cell in results[results["status"] != Status.DONE].iterrows():
        peers = done[(done[same] == cell[same]).all(axis=1)]
        if pd.notna(cell["environment"]):
            here = ["device", "environment"]
            peers = peers[(peers[here] == cell[here]).all(axis=1)]
        places = peers[list(PLACE)].drop_duplicates()
        if len(places) == 1 and cell["seed"] not in set(peers["seed"]):
            placed.loc[index, list(PLACE)] = places.iloc[0]
    return placed


def _row(group: _Group, shown: Sequence[str]) -> dict[str, object]:
    first = group.cells.iloc[0]
    row: dict[str, object] = {name: first[name] for name in ROW}
    row["seeds"] = group.cells["seed"].nunique()
    for metric in shown:
        row |= _mean(group, metric)
    counts = group.cells["status"].value_counts()
    row |= {f"status.{status}": counts.get(status, 0) for status in Status}
    for label in (name for name in group.cells.columns if name.startswith(LABEL)):
        separator = "; " if label in SENTENCES else ", "
        row[label] = separator.join(group.words(label, separator)) or None
    row["marks"] = "; ".join(_marks(group, row, shown)) or None
    return row


def _mean(group: _Group, metric: str) -> dict[str, object]:
    summary: Summary = summarise(group.numbers(metric))
    flags = [*group.words(f"{metric}.flags", ", "), *summary.flags]
    if summary.n == 1 and describe(metric).kind == "ratio":
        own = [group.numbers(f"{metric}{end}") for end in (".low", ".high")]
        summary = replace(summary, low=float(own[0][0]), high=float(own[1][0]))
    return {
        metric: summary.mean,
        f"{metric}.low": summary.low,
        f"{metric}.high": summary.high,
        f"{metric}.n": summary.n,
        f"{metric}.flags": ", ".join(flags) or None,
        f"{metric}.reason": "; ".join(group.words(f"{metric}.reason", "; ")) or None,
    }


def _marks(group: _Group, row: dict[str, object], shown: Sequence[str]) -> Iterator[str]:
    """What stands beside the row; a metric's own flags once, whichever metric has them."""
    if group.mixed:
        yield "versions"
    seeds = row["seeds"]
    lost = group.cells.loc[group.cells["status"] != Status.DONE, "status"].value_counts()
    yield from (f"{count} of {seeds} {status}" for status, count in lost.items())
    if row["epochs"] and len(group.numbers(SCORE)) < FEW:
        yield "few seeds"
    if row.get(f"{LABEL}fallback"):
        yield "fallback"
    if "graded" in group.words(f"{LABEL}spike", ", "):
        yield "graded"
    yield from (mark for check, mark in FAILED_CHECKS.items() if _failed(group, check))
    flags = [flag for metric in shown for flag in str(row[f"{metric}.flags"] or "").split(", ") if flag]
    equal = row.get(f"{LABEL}equivalence")
    if equal and not any(flag.startswith(CLASS) for flag in flags):  # no ratio that could say so
        yield f"{CLASS}{equal}"
    elsewhere = {"graded", "identical"}
    yield from dict.fromkeys(f for f in flags if f not in elsewhere and not f.startswith(CLASS))
    if "identical" in str(row.get(f"{SCORE}.flags")):
        yield "identical"


def _mark_other_surrogates(rows: Sequence[dict[str, object]]) -> None:
    """Mark rows whose reference, run with their surrogate, is another than the row of it among these."""
    label = f"{LABEL}reference"
    own = {(row["neuron"], row["surrogate"]) for row in rows if row["neuron"] == row.get(label)}
    names = {neuron for neuron, _ in own}
    for row in rows:
        reference, surrogate = row.get(label), row["surrogate"]
        if reference in names and isinstance(surrogate, str) and (reference, surrogate) not in own:
            row["marks"] = "; ".join(str(mark) for mark in (row["marks"], "other surrogate") if mark)


def _failed(group: _Group, check: str) -> bool:
    return check in group.cells and bool((group.cells[check] == 0).any())


def _rank(scores: Sequence[NDArray[np.float64]], *, tested: bool) -> list[dict[str, object]]:
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


def _columns(placed: DataFrame, shown: Sequence[str], rows: DataFrame) -> list[str]:
    """All columns in order, those of a board without rows included, and no status that no cell has."""
    parts = ("", ".low", ".high", ".n", ".flags", ".reason")
    numbers = [f"{metric}{part}" for metric in shown for part in parts]
    kept = {Status.DONE, *placed["status"]}
    unused = [f"status.{status}" for status in Status if status not in kept]
    rest = [name for name in rows.columns if name not in {*ROW, "seeds", "marks", *numbers, *unused}]
    head = ["rank", "contest", "ranked_by", *ROW, "seeds", SCORE, P_VALUE, STANDING]
    return list(dict.fromkeys([*head, *numbers, *rest, "marks"]))
