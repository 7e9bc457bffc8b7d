"""The leaderboard: contests of rows, each a combination in one place, ranked within one dataset."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from snnbench.records import Status
from snnbench.report.cells import Cells
from snnbench.report.columns import BUDGET, SCORE
from snnbench.report.groups import groups
from snnbench.report.marking import marked, marks_of
from snnbench.report.ranking import Ranking, rank
from snnbench.report.rows import Row, row_of

SPEED = "throughput.training"
"""What rows are ranked by where nothing was trained."""


@dataclass(frozen=True, slots=True)
class Contest:
    """Rows that are ranked against each other.

    Attributes:
        ranked_by: The metric.
        rows: By rank; those without one last.
        rankings: Where each of them stands.
    """

    ranked_by: str
    rows: tuple[Row, ...]
    rankings: tuple[Ranking, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that a leaderboard shows.

    Attributes:
        contests: Of one dataset, protocol and budget each, in the order of those.
        metrics: What each row has an estimate of, in the order of their columns.
        cells: What it was made of.
    """

    contests: tuple[Contest, ...]
    metrics: tuple[str, ...]
    cells: Cells

    @property
    def rows(self) -> Iterator[Row]:
        """Iterate over the rows of all contests."""
        return (row for contest in self.contests for row in contest.rows)

    @property
    def statuses(self) -> set[Status]:
        """Return how cells ended, with ``done`` even if none did."""
        return {Status.DONE, *(cell.status for cell in self.cells.cells)}


def make_board(cells: Cells) -> Board:
    """Return the leaderboard of ``cells``: means over seeds, marked and ranked.

    Rows of one dataset, protocol and budget are ranked by mean test accuracy. Rows of a budget without
    epochs are ranked by training speed instead, those of one network and reference neuron.
    """
    shown = tuple(cells.descriptions.headlines(cells.metrics))
    contests: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for group in groups(cells.cells):
        row = row_of(group, shown, cells.descriptions)
        row = replace(row, marks=marks_of(row))
        contests[_agreed(row)].append(row)
    return Board(tuple(_contest(contests[key]) for key in sorted(contests)), shown, cells)


def _contest(rows: Sequence[Row]) -> Contest:
    trained = bool(rows[0].combination.budget.epochs)
    by = SCORE if trained else SPEED
    samples = max(row.group.test_samples for row in rows)
    rankings = rank(
        [row.group.numbers(by) for row in rows],
        tested=trained,
        resolution=1 / samples if samples else 0.0,
    )
    pairs = sorted(zip(marked(rows), rankings, strict=True), key=_by_rank)
    return Contest(by, tuple(row for row, _ in pairs), tuple(ranking for _, ranking in pairs))


def _by_rank(pair: tuple[Row, Ranking]) -> float:
    return float("inf") if pair[1].rank is None else pair[1].rank


def _agreed(row: Row) -> tuple[tuple[tuple[str, float], ...], ...]:
    """Return what the rows of one contest agree in, in an order that sorts well."""
    one, budget = row.combination, row.combination.budget
    numbers = (getattr(budget, name) for name in BUDGET)
    agreed = [one.dataset.text, str(one.protocol), *map(str, numbers)]
    if not budget.epochs:
        agreed += [one.network.text, row.reference]
    return tuple(map(_natural, agreed))


def _natural(text: str) -> tuple[tuple[str, float], ...]:
    """Return a key that sorts the numbers in a text as numbers; what is missing comes first."""
    parts = re.split(r"(\d+(?:\.\d+)?)", text)
    return tuple((text, float(number or 0)) for text, number in zip_longest(parts[::2], parts[1::2]))
