"""The rows of the leaderboard: the seeds of one combination in one place, their means and their marks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snnbench.records import Status
from snnbench.report.frame import AXES, BUDGET, LABEL, NONE, PENALTY, VERSION, DataFrame
from snnbench.report.lookup import describe
from snnbench.report.marks import FAILED_CHECKS
from snnbench.report.statistics import Summary, summarise

PLACE = ("device", "engine", "environment")
ROW = (*AXES, PENALTY, *PLACE, "protocol", *BUDGET, VERSION)
"""Cells are averaged only when they agree in these."""

SCORE = "accuracy.test"
TEST_SAMPLES = "data.test_samples"
FEW = 3
RATIOS = ("throughput.training_ratio", "throughput.inference_ratio")
BIAS = 0.05
"""How far the ratio of the reference to itself may be from 1, at the least."""
SENTENCES = {f"{LABEL}chunk", f"{LABEL}fallback"}
"""Labels that are no lists of words."""
CLASS = "class "
"""The flag of a ratio that says how equal the model is that it is compared with; shown at the number."""


@dataclass(frozen=True, slots=True)
class Group:
    """The cells of one row.

    Attributes:
        cells: A row of the frame each.
        renewed: Whether older versions of its components were measured too.
    """

    cells: DataFrame
    renewed: bool = False

    @property
    def mixed(self) -> bool:
        """A seed is there twice: two versions of a component or dataset, never to be averaged."""
        return bool(self.cells["seed"].duplicated().any())

    @property
    def empty(self) -> bool:
        """None of its cells was meant to run."""
        return bool((self.cells["status"] == Status.SKIPPED).all())

    def numbers(self, metric: str) -> NDArray[np.float64]:
        """Return what the seeds measured; nothing where versions are mixed, or where no cell got so far."""
        known = metric in self.cells and not self.mixed
        return np.array(self.cells[metric].dropna() if known else [], dtype=np.float64)

    @property
    def test_samples(self) -> int:
        """On how many samples the accuracies were counted; 0 if the cells do not say."""
        counts = self.numbers(TEST_SAMPLES)
        return int(counts.min()) if len(counts) and np.isfinite(counts).all() else 0

    def words(self, column: str, separator: str) -> list[str]:
        """All words in a column of text, each once."""
        texts = self.cells[column].dropna() if column in self.cells else ()
        return list(dict.fromkeys(word for text in texts for word in text.split(separator)))


def groups(results: DataFrame) -> list[Group]:
    """The cells of each row, but for rows that nobody meant to run or whose code has a newer version."""
    found = []
    versions = [
        name for name in ROW if name not in {"engine", VERSION}
    ]  # newer code may run by another engine
    for _, cells in _place(results).groupby(versions, dropna=False, sort=False):
        newest = _newest(cells)
        rows = cells[newest].groupby(list(ROW), dropna=False, sort=False)
        found += [Group(row, renewed=not newest.all()) for _, row in rows]
    return [group for group in found if not group.empty]


def _newest(cells: DataFrame) -> pd.Series[bool]:
    """Which of the cells ran the version that was started last."""
    last = cells.sort_values("started", na_position="first", kind="stable")[VERSION].iloc[-1]
    return cells[VERSION].isna() if pd.isna(last) else cells[VERSION] == last


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


def row_of(group: Group, shown: Sequence[str]) -> dict[str, object]:
    """The columns of one row of the board, its rank apart.

    Args:
        group: Its cells.
        shown: The metrics that the board has.
    """
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


def _mean(group: Group, metric: str) -> dict[str, object]:
    kind = describe(metric).kind
    summary: Summary = summarise(group.numbers(metric), kind, group.test_samples if metric == SCORE else 0)
    flags = [*group.words(f"{metric}.flags", ", "), *summary.flags]
    if summary.n == 1 and kind == "ratio":
        low, high = (group.numbers(f"{metric}{end}") for end in (".low", ".high"))
        if len(low) == len(high) == 1:  # one that never settled has none
            summary = replace(summary, low=float(low[0]), high=float(high[0]))
    return {
        metric: summary.mean,
        f"{metric}.low": summary.low,
        f"{metric}.high": summary.high,
        f"{metric}.n": summary.n,
        f"{metric}.flags": ", ".join(flags) or None,
        f"{metric}.reason": "; ".join(group.words(f"{metric}.reason", "; ")) or None,
    }


def _marks(group: Group, row: dict[str, object], shown: Sequence[str]) -> Iterator[str]:
    """Return what stands beside the row; a metric's own flags once, whichever metric has them."""
    if group.mixed:
        yield "versions"
    if group.renewed:
        yield "renewed"
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


def mark_other_surrogates(rows: Sequence[dict[str, object]]) -> None:
    """Mark rows whose reference, run with their surrogate, is another than the row of it among these."""
    label = f"{LABEL}reference"
    own = {_where(row, row["neuron"], row["surrogate"]) for row in rows if row["neuron"] == row.get(label)}
    neurons = {place[:-1] for place in own}
    for row in rows:
        reference, surrogate = row.get(label), row["surrogate"]
        if (
            _where(row, reference) in neurons
            and surrogate != NONE
            and _where(row, reference, surrogate) not in own
        ):
            row["marks"] = "; ".join(str(mark) for mark in (row["marks"], "other surrogate") if mark)


def mark_biased_ratios(rows: Sequence[dict[str, object]]) -> None:
    """Mark ratios of the reference to itself that are not 1, and the other rows' ratios to it."""
    for metric in RATIOS:
        own = [row for row in rows if _is_itself(row) and _is_off(row, metric)]
        for row in own:
            _add_mark(row, metric, "reference off")
        places = {_where(row, row["neuron"]) for row in own}
        for row in rows:
            if not _is_itself(row) and _where(row, row.get(f"{LABEL}reference")) in places:
                _add_mark(row, metric, "ratio in doubt")


def _is_itself(row: Mapping[str, object]) -> bool:
    marks = str(row["marks"] or "").split("; ")
    return row["neuron"] == row.get(f"{LABEL}reference") and "other surrogate" not in marks


def _is_off(row: Mapping[str, object], metric: str) -> bool:
    """Return whether a ratio that should be 1 is off by more than its interval and by more than 5 %."""
    mean, low, high = (float(str(row.get(f"{metric}{end}", math.nan))) for end in ("", ".low", ".high"))
    return abs(mean - 1) > BIAS and not low <= 1 <= high


def _add_mark(row: dict[str, object], metric: str, mark: str) -> None:
    if math.isnan(float(str(row.get(metric, math.nan)))):  # there is no ratio
        return
    for name, separator in ((f"{metric}.flags", ", "), ("marks", "; ")):
        there = [one for one in str(row[name] or "").split(separator) if one]
        row[name] = separator.join(dict.fromkeys([*there, mark]))


def _where(row: Mapping[str, object], *what: object) -> tuple[object, ...]:
    """``what`` in the row's place."""
    return (*(row[name] for name in PLACE), *what)


def _failed(group: Group, check: str) -> bool:
    return check in group.cells and bool((group.cells[check] == 0).any())
