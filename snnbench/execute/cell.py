"""One cell, start to end, in the process it runs in: build, train, measure."""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias, cast

import torch

from snnbench.errors import SnnbenchError
from snnbench.execute.build import Builder
from snnbench.execute.job import Job, labels
from snnbench.measure import Trained
from snnbench.measure.accuracy import DivergedError, accuracy
from snnbench.measure.memory import memory
from snnbench.measure.stability.cell import stability
from snnbench.measure.throughput import throughput
from snnbench.plugin.specs import MeasurementSpec
from snnbench.records import CellResult, Component, Metric, Status
from snnbench.training import OnEpoch, Trainer

Alone: TypeAlias = Callable[[], AbstractContextManager[None]]
Metrics: TypeAlias = dict[str, Metric]


def run_cell(job: Job, on_epoch: OnEpoch, alone: Alone) -> CellResult:
    """Run one cell; whatever goes wrong becomes its status and reason.

    Args:
        job: What to run and how.
        on_epoch: Told each finished epoch.
        alone: Context in which no other cell is running.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    metrics: Metrics = {}
    series: dict[str, tuple[float, ...]] = {}
    status, reason, trace = Status.DONE, "", ""
    try:
        _measure_all(job, on_epoch, alone, metrics, series)
    except (Exception, SystemExit) as error:
        status, reason = _status(error), _reason(error)
        trace = "" if isinstance(error, SnnbenchError) else traceback.format_exc()
    return CellResult(
        cell=job.cell,
        status=status,
        reason=reason,
        metrics=metrics if status is Status.DONE else {},
        series=series if status is Status.DONE else {},
        labels=labels(job),
        device=job.settings.device,
        environment=job.settings.environment,
        started=started.isoformat(timespec="seconds"),
        seconds=time.monotonic() - clock,
        traceback=trace,
    )


def _measure_all(
    job: Job, on_epoch: OnEpoch, alone: Alone, metrics: Metrics, series: dict[str, tuple[float, ...]]
) -> None:
    """Train and measure; fill ``metrics`` and ``series`` on the way.

    Memory comes first, while the process is fresh; timing comes when no other cell runs.
    """
    device = torch.device(job.settings.device)
    build = Builder(job.cell, job.specs, job.settings.data_root)
    network = build.network().to(device)
    trained = Trained(job.cell, network, build.encoder, build.data, device)
    measure = job.measure
    if measure.memory:
        batch = trained.batch(build.data.train, job.cell.budget.batch_size, "probe.memory")
        metrics |= _attempt("memory.training_peak", lambda: memory(build.network, batch, device))
    trainer = Trainer(
        network, build.encoder, build.data, budget=job.cell.budget, key=job.cell.key, device=device
    )
    history = trainer.run(on_epoch)
    series |= history.series
    chance = float(build.data.test.y.bincount().max()) / len(build.data.test)
    metrics |= accuracy(history.series, history.chosen, trainer.score(trainer.test), chance)
    if measure.stability:
        metrics |= _attempt("stability.lambda_grad", lambda: stability(trained))
    for component, spec in job.extra:
        metrics |= _attempt(str(component), partial(_extra, cast(MeasurementSpec, spec), component, trained))
    if measure.throughput:
        gc.collect()
        with alone():
            metrics |= _attempt(
                "throughput.training", lambda: throughput(trained, seconds=measure.throughput_seconds)
            )


def _attempt(headline: str, measurement: Callable[[], Mapping[str, Metric]]) -> Mapping[str, Metric]:
    """A measurement that fails is missing, with the reason, and takes no other one with it."""
    try:
        return measurement()
    except (Exception, SystemExit) as error:
        return {headline: Metric.missing(_reason(error))}


def _extra(spec: MeasurementSpec, component: Component, trained: Trained) -> dict[str, Metric]:
    """A plugin's measurement: one number, or the reason why there is none."""
    value = spec.load()(**spec.resolve(component.params))(trained)
    if value is None:
        return {str(component): Metric.missing("the measurement returned nothing", spec.unit)}
    return {str(component): Metric(float(value), spec.unit)}


def _status(error: BaseException) -> Status:
    if isinstance(error, DivergedError):
        return Status.DIVERGED
    exhausted = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return Status.OOM if exhausted or "DefaultCPUAllocator" in str(error) else Status.FAILED


def _reason(error: BaseException) -> str:
    """One line for the report."""
    if isinstance(error, SnnbenchError):
        return error.message
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
