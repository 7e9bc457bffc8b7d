"""One cell, start to end, in the process it runs in: build, train, measure."""

from __future__ import annotations

import random
import traceback
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch

from snnbench.compiler.engine import Compiled
from snnbench.core.network import Network
from snnbench.errors import SnnbenchError
from snnbench.execute import engine, reference_models
from snnbench.execute.attempt import FAILURES, Metrics, attempt, reason_of, status_of
from snnbench.execute.build import Builder
from snnbench.execute.job import Job
from snnbench.execute.measured import measured
from snnbench.execute.reference_models import Alone
from snnbench.measure import (
    CellContext,
    accuracy,
    activity,
    bounds,
    dataset,
    equivalence,
    fitting,
    gradient,
    memory,
    repeat,
)
from snnbench.measure.finite import check_finite
from snnbench.measure.stability import cell as stability
from snnbench.measure.stability import forgetting
from snnbench.quantities import Phase
from snnbench.records import CellResult, Metric, Status, derive_seed
from snnbench.settings import INITIAL, Measure
from snnbench.training import OnEpoch, Trainer


@dataclass(slots=True)
class _Findings:
    """This collects what is known of the cell so far."""

    labels: dict[str, str]
    engine: str
    metrics: Metrics = field(default_factory=dict)
    series: dict[str, tuple[float, ...]] = field(default_factory=dict)


def run_cell(job: Job, on_epoch: OnEpoch, alone: Alone) -> CellResult:
    """Run one cell; whatever goes wrong becomes its status and reason.

    When it started and how long it took is for the pool to say, whose clock leaves out the waiting.

    Args:
        job: What to run and how.
        on_epoch: Told each finished epoch.
        alone: Context in which no other cell is running.
    """
    found = _Findings(job.labels, job.settings.engine)
    status, reason, trace = Status.DONE, "", ""
    try:
        _measure_all(job, on_epoch, alone, found)
    except FAILURES as error:
        status, reason = status_of(error), reason_of(error)
        trace = "" if isinstance(error, SnnbenchError) else traceback.format_exc()
        found.metrics, found.series = {}, {}
    return CellResult(
        cell=job.cell,
        status=status,
        reason=reason,
        metrics=found.metrics,
        series=found.series,
        labels=found.labels,
        device=job.settings.device,
        engine=found.engine,
        environment=job.settings.environment,
        measured=job.measured,
        traceback=trace,
    )


def _measure_all(job: Job, on_epoch: OnEpoch, alone: Alone, found: _Findings) -> None:
    """Train and measure; fill ``found`` on the way.

    Memory comes first, while the process is fresh; timing comes last, when no other cell runs.
    """
    cell, device = job.cell, torch.device(job.settings.device)
    build = Builder(cell, job.specs, job.settings.data_root, job.keys, job.settings.suite)
    build.check_batch(build.data)
    network = build.network().to(device)
    trained = CellContext(cell, network, build.encoder, build.data, device)
    steps = trained.batch(build.data.train, 1, "probe.steps")[0].shape[0]
    found.labels |= {"data": build.source.checksum, "dtype": _dtype(network), "steps": str(steps)}
    found.metrics |= dataset.dataset(build.data)
    found.metrics |= attempt(
        lambda: fitting.fitting(build.source, build.own_encoder, cell.budget.steps), fitting.missing
    )
    _choose_engine(job, build, trained, found)
    if job.measure.memory:
        batch = trained.batch(build.data.train, cell.budget.batch_size, "probe.memory")
        found.metrics |= attempt(lambda: memory.memory(build.network, batch, device), memory.missing)
    found.metrics |= _extra(Phase.FRESH, job, trained)
    if job.measure.stability:
        found.metrics |= _initial(trained, job.measure)
    found.metrics |= _extra(Phase.INITIAL, job, trained)
    _train(trained, job.measure, on_epoch, found)
    found.metrics |= attempt(lambda: repeat.repeat(trained), repeat.missing)
    found.metrics |= attempt(lambda: activity.activity(trained), activity.missing)
    if job.measure.stability:
        found.metrics |= _stability(trained, job.measure)
        found.metrics |= attempt(lambda: _forgetting(trained, found), forgetting.missing)
    if job.reference is not None:
        found.metrics |= reference_models.compare(job.reference, build, trained)
        found.labels |= {
            "equivalence": equivalence.grade(found.metrics),
            "reference": str(job.reference[0]),
        }
    found.metrics |= _extra(Phase.TRAINED, job, trained)
    if job.floor is not None:
        found.labels |= {"floor": str(job.floor[0])}
    if job.measure.throughput:
        grade = found.labels.get("equivalence", "")
        found.metrics |= reference_models.time(job, build, trained, alone, grade)
    if any(spec.phase is Phase.ALONE for _, spec in job.extra):
        with alone():
            found.metrics |= _extra(Phase.ALONE, job, trained)
    _note_engine(build, trained, found)


def _choose_engine(job: Job, build: Builder, trained: CellContext, found: _Findings) -> None:
    """From here on, every network of this cell is run by the engine of its choice."""
    chosen = engine.choose(job.settings.engine, build.network(), trained)
    build.engine = chosen.engine
    trained.network.run_by(chosen.engine)
    _note(chosen, found)


def _note_engine(build: Builder, trained: CellContext, found: _Findings) -> None:
    """Note how the cell ran in the end: some calls may have run in another way than those tried first."""
    if isinstance(build.engine, Compiled):
        _note(engine.describe(build.engine, trained.network), found)


def _note(chosen: engine.Chosen, found: _Findings) -> None:
    found.engine = chosen.name
    found.labels |= chosen.labels


def _stability(trained: CellContext, measure: Measure) -> Metrics:
    count = measure.stability_exponents
    return attempt(
        lambda: stability.stability(trained, exponents=count), partial(stability.missing, exponents=count)
    )


def _forgetting(trained: CellContext, found: _Findings) -> Metrics:
    """Return how many streams forget a disturbance; the curves go to the series."""
    metrics, series = forgetting.forgetting(trained)
    found.series |= series
    return metrics


def _initial(trained: CellContext, measure: Measure) -> Metrics:
    """Return what training starts from: stability, activity and the gradient of the weights as drawn."""
    metrics = _stability(trained, measure)
    metrics |= attempt(lambda: activity.activity(trained), activity.missing)
    metrics |= attempt(lambda: gradient.gradient(trained), gradient.missing)
    return {f"{INITIAL}{name}": metric for name, metric in metrics.items()}


def _train(trained: CellContext, measure: Measure, on_epoch: OnEpoch, found: _Findings) -> None:
    """Train in place; the accuracy metrics and the history."""
    cell, data = trained.cell, trained.data
    trainer = Trainer(
        trained.network, trained.encoder, data, budget=cell.budget, key=cell.key, device=trained.device
    )
    _seed_everything(derive_seed(cell.key, "global"))
    along = (
        _Along(trained, measure.stability_every) if measure.stability and measure.stability_every else None
    )

    def after(epoch: int, accuracy: float) -> None:
        on_epoch(epoch, accuracy)
        if along:
            along.note(epoch + 1)

    history = trainer.run(after)
    found.series |= history.series | (along.series if along else {})
    if history.chosen is None:
        found.metrics |= accuracy.missing("no epoch was trained")
        return
    check_finite(trained)
    test = trainer.score(trainer.test)
    if trainer.waiting.fraction is not None:
        found.metrics |= {"training.waiting": Metric(trainer.waiting.fraction)}
    at_bound = bounds.labels(trained.network)
    found.labels |= at_bound
    exploded = ("exploded",) if history.exploded else ()
    of_data = (*dataset.remarks(data, found.metrics), *fitting.remarks(found.metrics))
    remarks = (*of_data, *at_bound, *exploded)
    found.metrics |= accuracy.accuracy(history.series, history.chosen, test, data.test.y, remarks)


class _Along:
    """Measure stability along training, every so many epochs, on copies: training goes on as without.

    Attributes:
        series: ``stability.epochs``, how many were trained, from 0, and what was measured then.
    """

    def __init__(self, trained: CellContext, every: int) -> None:
        self._trained = trained
        self._every = every
        self.series: dict[str, tuple[float, ...]] = {}
        self.note(0)

    def note(self, epochs: int) -> None:
        if epochs % self._every == 0 or epochs == self._trained.cell.budget.epochs:
            for name, value in {"stability.epochs": epochs, **stability.watch(self._trained)}.items():
                self.series[name] = (*self.series.get(name, ()), float(value))


def _seed_everything(seed: int) -> None:
    """Seed the global generators: nothing here draws from them, but a plugin or dropout may."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    torch.manual_seed(seed)


def _dtype(network: Network) -> str:
    return ", ".join(sorted({str(one.dtype).removeprefix("torch.") for one in network.parameters()}))


def _extra(phase: Phase, job: Job, context: CellContext) -> Metrics:
    """Return the extra measurements that are made in this phase."""
    metrics: Metrics = {}
    for component, spec in job.extra:
        if spec.phase is phase:
            metrics |= measured(spec, component, context)
    return metrics
