"""Roughly how long a plan takes. Good to a factor of a few: machines and neurons differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from snnbench.matrix.plan import Plan
from snnbench.plugin.specs import DatasetSpec
from snnbench.records import Cell

# From results/reference/quick (digits, dense 128, batch 64, one thread): relu cells took 3.9 s,
# spiking ones 8.2 s for 1,293 samples, 25 steps and 15 epochs.
OVERHEAD_SECONDS = 3.5
"""Of a cell that does not train: start its process, load its data, measure."""
SECONDS_PER_SAMPLE_STEP = 1.0e-5
"""To train on one sample for one time step."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rough duration is that of one cell after another.

    Attributes:
        seconds: Of the cells that can be estimated; None if there are none.
        unknown: How many cells are left out because their dataset does not tell its size.
    """

    seconds: float | None
    unknown: int


def estimate(plan: Plan, cells: Iterable[Cell]) -> Estimate:
    """Roughly how long these ``cells`` of ``plan`` take."""
    each = [_seconds(plan, cell) for cell in cells]
    known = [seconds for seconds in each if seconds is not None]
    return Estimate(sum(known) if known else None, len(each) - len(known))


def _seconds(plan: Plan, cell: Cell) -> float | None:
    spec = cast(DatasetSpec, plan.components["dataset", cell.dataset.name].spec)
    given = spec.resolve(cell.dataset.params).get("train")
    samples = given if isinstance(given, int) and given else spec.samples
    if not samples:
        return None
    steps = samples * cell.budget.epochs * cell.budget.steps
    return OVERHEAD_SECONDS + steps * SECONDS_PER_SAMPLE_STEP
