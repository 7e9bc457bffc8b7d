"""Define what the cells of a plan are run from: plain, picklable jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import cast

from snnbench.execute.job import Job, Settings
from snnbench.identity import measurement_keys
from snnbench.matrix.plan import Plan
from snnbench.matrix.spec import Matrix
from snnbench.plugin.specs import MeasurementSpec, NeuronSpec
from snnbench.records import Cell, Component
from snnbench.settings import Measure


def jobs(matrix: Matrix, plan: Plan, cells: Iterable[Cell], settings: Settings) -> Iterator[Job]:
    """Return the job of each of ``cells``."""
    extra = extra_measurements(plan)
    measured_by = measured(matrix.measure, plan)

    def compared(neuron: Component | None) -> tuple[Component, NeuronSpec] | None:
        if neuron is None:
            return None
        return neuron, cast(NeuronSpec, plan.components["neuron", neuron.name].spec)

    for cell in cells:
        specs = {kind: plan.components[kind, one.name].spec for kind, one in cell.components.items()}
        reference, floor = compared(plan.references.get(cell.key)), compared(plan.floor)
        keys = {kind: plan.keys[kind, one] for kind, one in cell.components.items()}
        yield Job(cell, specs, extra, matrix.measure, settings, reference, floor, keys, measured_by(cell))


def measured(measure: Measure, plan: Plan) -> Callable[[Cell], Mapping[str, str]]:
    """Return what gives the key of each measurement that is asked for of a cell."""
    extra = {str(one): plan.keys["measurement", one] for one in plan.measurements}

    @cache
    def compared_with(reference: Component | None) -> Mapping[str, str]:
        of_reference, of_floor = (plan.keys["neuron", one] if one else "" for one in (reference, plan.floor))
        return measurement_keys(measure, of_reference, of_floor, extra)

    return lambda cell: compared_with(plan.references.get(cell.key))


def one_per_encoding(jobs: Iterable[Job]) -> list[Job]:
    """Return one job for each dataset, encoder and number of steps among ``jobs``.

    It is the one with the largest batch.
    """
    by_batch = sorted(jobs, key=lambda job: job.cell.budget.batch_size)
    found = {(job.cell.dataset, job.cell.encoder, job.cell.budget.steps): job for job in by_batch}
    return list(found.values())


def extra_measurements(plan: Plan) -> tuple[tuple[Component, MeasurementSpec], ...]:
    """Return the measurements of plugins that the plan asks for, each with its spec."""
    specs = ((one, plan.components["measurement", one.name].spec) for one in plan.measurements)
    return tuple((one, cast(MeasurementSpec, spec)) for one, spec in specs)
