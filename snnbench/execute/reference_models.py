"""A cell's network is compared with the same network with another neuron: how equal, and how fast."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from snnbench.core.eager import EAGER, Engine
from snnbench.core.network import Network
from snnbench.execute.attempt import FAILURES, Metrics, attempt, reason_of
from snnbench.execute.build import Builder
from snnbench.execute.engine import choose, stepped, strategies
from snnbench.execute.job import Job
from snnbench.measure import CellContext, equivalence, throughput
from snnbench.plugin.specs import NeuronSpec
from snnbench.records import Component, class_flag
from snnbench.settings import EngineChoice

OTHER_ENGINE: Final = "other engine"
"""Flag of a ratio of two networks that did not run in the same way."""

RATIO: Final = "ratio"
FLOOR: Final = "floor"
"""How the names of metrics that compare with the reference, and with the floor, end."""

Alone: TypeAlias = Callable[[], AbstractContextManager[None]]


def compare(reference: tuple[Component, NeuronSpec], build: Builder, trained: CellContext) -> Metrics:
    """Return how far the cell's neuron is the reference."""

    def compared() -> Metrics:
        return equivalence.equivalence(trained, build.population(*reference))

    return attempt(compared, equivalence.missing)


def time(job: Job, build: Builder, trained: CellContext, alone: Alone, grade: str) -> Metrics:
    """Return the throughput, also as multiples of the reference's and the floor's.

    Args:
        job: The cell.
        build: Makes its networks.
        trained: Its network.
        alone: Context in which no other cell is running.
        grade: How equal the reference's model is; it stands beside each ratio to it.
    """
    neurons = {RATIO: job.reference, FLOOR: job.floor}
    asked = _engine_asked(job, build, trained)
    made = {name: _reference(*neuron, asked, build, trained) for name, neuron in neurons.items() if neuron}
    references = {name: one if isinstance(one, str) else one.network for name, one in made.items()}
    gc.collect()
    with alone():
        metrics = attempt(
            lambda: throughput.throughput(
                trained, references=references, seconds=job.measure.throughput_seconds
            ),
            lambda reason: throughput.missing(reason, references),
        )
    for which, model in made.items():
        class_flags = (class_flag(grade),) if which == RATIO else ()
        other = isinstance(model, _ReferenceModel) and _other_engine(model, build, trained)
        flags = (*class_flags, *((OTHER_ENGINE,) if other else ()))
        for name in (f"throughput.{kind}_{which}" for kind in throughput.KINDS):
            if metrics[name].value is not None:
                metrics[name] = replace(metrics[name], flags=(*flags, *metrics[name].flags))
    return metrics


@dataclass(frozen=True, slots=True)
class _ReferenceModel:
    """A network that a cell's is timed against.

    Attributes:
        network: Run by its engine.
        engine: Runs it.
    """

    network: Network
    engine: Engine


def _other_engine(reference_model: _ReferenceModel, build: Builder, trained: CellContext) -> bool:
    """Return whether the two networks ran differently: one by loops, chunks, eagerly or its own kernel.

    A network without a state costs the same by any engine.
    """
    ran = strategies(reference_model.engine, reference_model.network)
    return bool(ran) and ran != strategies(build.engine, trained.network)


def _engine_asked(job: Job, build: Builder, trained: CellContext) -> EngineChoice:
    """Return the engine of the row: eager beside a neuron without a loop, so that a ratio compares models."""
    eager = build.engine is EAGER and bool(stepped(trained.network))
    return EngineChoice.EAGER if eager else job.settings.engine


def _reference(
    neuron: Component, spec: NeuronSpec, asked: EngineChoice, build: Builder, trained: CellContext
) -> _ReferenceModel | str:
    """Return the trained network with another neuron, all other weights the same; or why there is none.

    It runs by the row's engine and with the cell's surrogate.
    """
    try:
        chosen = choose(asked, build.network_with(neuron, spec), trained)
        network = build.network_with(neuron, spec).run_by(chosen.engine).to(trained.device)
    except FAILURES as error:
        return reason_of(error)
    equivalence.take_weights(network, trained.network)
    return _ReferenceModel(network, chosen.engine)
