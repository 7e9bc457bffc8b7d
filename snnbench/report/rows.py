"""The rows of the leaderboard: the seeds of one combination in one place, their means and their marks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from snnbench.quantities import Scale
from snnbench.records import Metric, class_flag
from snnbench.report.cells import Combination, Place
from snnbench.report.columns import SCORE
from snnbench.report.groups import Group
from snnbench.report.lookup import Descriptions
from snnbench.report.marks import Mark
from snnbench.report.statistics import Summary, summarise
from snnbench.settings import NO_LOOP

SENTENCES = {"chunk", "fallback", NO_LOOP}
"""Labels that are no lists of words: a semicolon stands between them."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """This says what the seeds of a row say of one metric.

    Attributes:
        summary: Their mean and its interval.
        flags: Warnings that belong beside the number, each once.
        reasons: Why seeds have no number, each once.
    """

    summary: Summary
    flags: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def missing(self) -> bool:
        """Return whether there is no mean."""
        return math.isnan(self.summary.mean)


@dataclass(frozen=True, slots=True)
class Row:
    """The seeds of one combination in one place.

    Attributes:
        group: Its cells.
        estimates: Metric to what the seeds say of it, for the metrics of the board.
        labels: Label to the texts that its cells have, each once.
        marks: Warnings that stand beside the row, each once.
    """

    group: Group
    estimates: Mapping[str, Estimate]
    labels: Mapping[str, tuple[str, ...]]
    marks: tuple[Mark, ...] = ()

    @property
    def combination(self) -> Combination:
        """Return what was measured."""
        return self.group.combination

    @property
    def place(self) -> Place:
        """Return where it was measured."""
        return self.group.place

    @property
    def neuron(self) -> str:
        """Return its neuron as the matrix writes it."""
        return self.combination.neuron.text

    @property
    def surrogate(self) -> str:
        """Return its surrogate likewise."""
        return self.combination.surrogate.text

    @property
    def reference(self) -> str:
        """Return the neuron that its ratios are to; empty without one."""
        return joined("reference", self.labels.get("reference", ()))

    @property
    def classes(self) -> dict[str, str]:
        """Return how equal the model is to the reference: the flag of ratios to it, and its grade."""
        return {class_flag(grade): grade for grade in self.labels.get("equivalence", ())}

    def marked(self, mark: Mark, metric: str = "") -> Row:
        """Return the row with one more mark, which is a flag of ``metric`` too."""
        marks = tuple(dict.fromkeys([*self.marks, mark]))
        if not metric:
            return replace(self, marks=marks)
        told = self.estimates[metric]
        flagged = replace(told, flags=tuple(dict.fromkeys([*told.flags, mark.text])))
        return replace(self, marks=marks, estimates={**self.estimates, metric: flagged})


def row_of(group: Group, shown: Sequence[str], descriptions: Descriptions) -> Row:
    """Return the row of ``group``, without marks.

    Args:
        group: Its cells.
        shown: The metrics that the board has.
        descriptions: How each of them is averaged.
    """
    labels: dict[str, dict[str, None]] = {}
    for cell in group.cells:
        for name, text in cell.labels.items():
            labels.setdefault(name, {})[text] = None
    return Row(
        group,
        {metric: _estimate(group, metric, descriptions) for metric in shown},
        {name: tuple(texts) for name, texts in labels.items()},
    )


def _estimate(group: Group, metric: str, descriptions: Descriptions) -> Estimate:
    scale = descriptions.of(metric).scale
    summary = summarise(group.numbers(metric), scale, group.test_samples if metric == SCORE else 0)
    told = [cell.metrics[metric] for cell in group.cells if metric in cell.metrics]
    if summary.n == 1 and scale is Scale.RATIO:
        summary = _with_own_interval(summary, told)
    return Estimate(
        summary,
        flags=_each_once(flag for flags in (*(one.flags for one in told), summary.flags) for flag in flags),
        reasons=_each_once(one.reason for one in told if one.reason),
    )


def _with_own_interval(summary: Summary, told: Sequence[Metric]) -> Summary:
    """Return the summary of the only ratio with that seed's interval; one that never settled has none."""
    (one,) = (metric for metric in told if metric.value is not None)
    if one.low is None or one.high is None:
        return summary
    return replace(summary, low=one.low, high=one.high)


def _each_once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def joined(label: str, texts: Sequence[str]) -> str:
    """Return the texts of a label as one."""
    return ("; " if label in SENTENCES else ", ").join(texts)
