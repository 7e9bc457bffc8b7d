"""The cells that a report is made of: what each was, where it ran, and what it measured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from snnbench.quantities import Quantity
from snnbench.records import CellResult, Component, Metric, Status
from snnbench.report.columns import NONE, column_of
from snnbench.report.lookup import Descriptions, as_shown
from snnbench.settings import Budget

STEPS = "steps"
"""The label that says how many time steps the encoder made, whatever the budget asks for."""


@dataclass(frozen=True, slots=True)
class Part:
    """One component of a combination.

    Attributes:
        name: Without parameters: ``lif``.
        text: As the matrix writes it: ``lif[beta=0.9]``.
    """

    name: str
    text: str

    @classmethod
    def of(cls, component: Component | None) -> Part:
        """Return the part of a component; a neuron that does not spike has the surrogate ``none``."""
        return cls(NONE, NONE) if component is None else cls(component.name, str(component))


@dataclass(frozen=True, slots=True)
class Place:
    """This says where a cell ran; a text is empty if the cell did not get so far."""

    device: str
    engine: str
    environment: str


@dataclass(frozen=True, slots=True)
class Combination:
    """This says what is measured: cells are averaged only when they agree in all of it and in their place.

    Attributes:
        budget: Without the term of the loss, which ``penalty`` says.
        penalty: What is in the loss beside the cross-entropy, ``none`` for a plain loss.
        version: Hash over the components with their code; empty if it is not known.
    """

    dataset: Part
    encoder: Part
    network: Part
    neuron: Part
    surrogate: Part
    penalty: str
    protocol: int
    budget: Budget
    version: str


@dataclass(frozen=True, slots=True)
class MeasuredCell:
    """One cell and seed with what came of it.

    Attributes:
        id: As people name it.
        name: The id without its seed.
        reason: Why it is not done; empty when it is, or when nobody said.
        started: In UTC; None if it is not known.
        metrics: Column to number. A number that is missing has a reason.
        labels: Label to text.
        series: As ``CellResult`` has them.
    """

    id: str
    name: str
    combination: Combination
    place: Place
    seed: int
    status: Status
    reason: str = ""
    started: datetime | None = None
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    series: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Return whether it was trained and measured to the end."""
        return self.status is Status.DONE

    def number(self, metric: str) -> float | None:
        """Return the value of ``metric``; None where the cell has none."""
        found = self.metrics.get(metric)
        return None if found is None else found.value


@dataclass(frozen=True, slots=True)
class Cells:
    """All cells of a report.

    Attributes:
        cells: In the order of their journals.
        metrics: Columns of the metrics that any of them has, in order of appearance.
        labels: The labels that any of them has, likewise.
        descriptions: What the metrics are called and mean.
    """

    cells: tuple[MeasuredCell, ...]
    metrics: tuple[str, ...]
    labels: tuple[str, ...]
    descriptions: Descriptions


def measured_cells(
    results: Iterable[CellResult], quantities: Mapping[str, Quantity], flags: Mapping[str, str]
) -> Cells:
    """Return the cells of ``results``.

    Args:
        results: Each cell's latest result in its place.
        quantities: What measurements say of their numbers, by metric.
        flags: What they say of their warnings: the sentence of each.
    """
    results = list(results)
    cells = tuple(map(_measured, results))
    return Cells(
        cells,
        metrics=tuple(dict.fromkeys(name for cell in cells for name in cell.metrics)),
        labels=tuple(dict.fromkeys(name for cell in cells for name in cell.labels)),
        descriptions=Descriptions(as_shown(quantities), flags, units_of(results)),
    )


def units_of(results: Iterable[CellResult]) -> dict[str, str]:
    """Return the unit of each metric by its column; a missing number may not know its unit."""
    named = [(name, metric) for result in results for name, metric in result.metrics.items()]
    return {
        column_of(name): metric.unit
        for known in (False, True)
        for name, metric in named
        if (metric.value is not None) is known
    }


def _measured(result: CellResult) -> MeasuredCell:
    cell = result.cell
    return MeasuredCell(
        id=cell.id,
        name=cell.combination,
        combination=Combination(
            dataset=Part.of(cell.dataset),
            encoder=Part.of(cell.encoder),
            network=Part.of(cell.network),
            neuron=Part.of(cell.neuron),
            surrogate=Part.of(cell.surrogate),
            penalty=str(cell.budget.stability) if cell.budget.stability else NONE,
            protocol=result.protocol,
            budget=replace(cell.budget, stability=None),
            version=cell.version,
        ),
        place=Place(result.device, result.engine, result.environment),
        seed=cell.seed,
        status=result.status,
        reason=result.reason,
        started=_time(result.started),
        metrics={column_of(name): _with_reason(metric) for name, metric in result.metrics.items()},
        labels=result.labels,
        series=result.series,
    )


def _with_reason(metric: Metric) -> Metric:
    """Return ``metric`` with a reason if and only if it has no value; NaN is no value."""
    if metric.value is None or math.isnan(metric.value):
        return replace(metric, value=None, reason=metric.reason or "not a number")
    return metric if metric.reason is None else replace(metric, reason=None)


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
