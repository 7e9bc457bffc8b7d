"""Tell which cells are the seeds of one row: those of one combination in one place, in its newest version."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from snnbench.records import Status
from snnbench.report.cells import Combination, MeasuredCell, Place

TEST_SAMPLES = "data.test_samples"
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Group:
    """A group has the cells of one row.

    Attributes:
        cells: In the order of their journals.
        renewed: Whether older versions of its components were measured too.
    """

    cells: tuple[MeasuredCell, ...]
    renewed: bool = False

    @property
    def combination(self) -> Combination:
        """Return what its cells have in common."""
        return self.cells[0].combination

    @property
    def place(self) -> Place:
        """Return where its cells ran."""
        return self.cells[0].place

    @property
    def seeds(self) -> int:
        """Return how many seeds were tried."""
        return len({cell.seed for cell in self.cells})

    @property
    def done(self) -> tuple[MeasuredCell, ...]:
        """Return the cells that were measured to the end."""
        return tuple(cell for cell in self.cells if cell.done)

    @property
    def statuses(self) -> Counter[Status]:
        """Return how many cells ended how."""
        return Counter(cell.status for cell in self.cells)

    @property
    def mixed(self) -> bool:
        """Return whether a seed is there twice: two versions of a dataset, never to be averaged."""
        return self.seeds < len(self.cells)

    def numbers(self, metric: str) -> NDArray[np.float64]:
        """Return what the seeds measured; nothing where versions are mixed, or where no cell got so far."""
        values = [] if self.mixed else [cell.number(metric) for cell in self.cells]
        return np.array([value for value in values if value is not None], dtype=np.float64)

    @property
    def test_samples(self) -> int:
        """Return on how many samples the accuracies were counted; 0 if the cells do not say."""
        counts = self.numbers(TEST_SAMPLES)
        return int(counts.min()) if len(counts) and np.isfinite(counts).all() else 0


def groups(cells: Sequence[MeasuredCell]) -> list[Group]:
    """Return the cells of each row, without rows that nobody meant to run or whose code has a newer one."""
    found: list[Group] = []
    subjects: dict[object, list[MeasuredCell]] = defaultdict(list)
    for cell in _placed(cells):
        place = (cell.place.device, cell.place.environment)  # newer code may run by another engine
        subjects[replace(cell.combination, version=""), place].append(cell)
    for subject in subjects.values():
        last = sorted(subject, key=_start)[-1]
        newest = [cell for cell in subject if cell.combination.version == last.combination.version]
        rows: dict[Place, list[MeasuredCell]] = defaultdict(list)
        for cell in newest:
            rows[cell.place].append(cell)
        found += [Group(tuple(row), renewed=len(newest) < len(subject)) for row in rows.values()]
    return [group for group in found if set(group.statuses) != {Status.SKIPPED}]


def _start(cell: MeasuredCell) -> datetime:
    return cell.started or NEVER


def _placed(cells: Iterable[MeasuredCell]) -> list[MeasuredCell]:
    """Put a cell that ended early into the row where its other seeds are.

    It may not have got as far as its environment or the engine in use; in a row of its own it
    would be missing from the count of failed seeds.
    """
    cells = list(cells)
    peers: dict[object, list[MeasuredCell]] = defaultdict(list)
    for cell in cells:
        if cell.done:
            peers[_siblings(cell)].append(cell)
    return [cell if cell.done else _beside(cell, peers[_siblings(cell)]) for cell in cells]


def _siblings(cell: MeasuredCell) -> object:
    return cell.name, cell.combination.protocol, cell.combination.budget


def _beside(cell: MeasuredCell, peers: Iterable[MeasuredCell]) -> MeasuredCell:
    """Return ``cell`` in the place of its ``peers``, if they are in one and none of them has its seed."""
    if cell.place.environment:
        here = (cell.place.device, cell.place.environment)
        peers = [peer for peer in peers if (peer.place.device, peer.place.environment) == here]
    peers = list(peers)
    places = {peer.place for peer in peers}
    if len(places) != 1 or cell.seed in {peer.seed for peer in peers}:
        return cell
    return replace(cell, place=places.pop())
