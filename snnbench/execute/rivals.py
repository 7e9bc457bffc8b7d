"""A cell's network beside the same network with another neuron: how equal they are, and how fast."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TypeAlias

from snnbench.core.eager import EAGER
from snnbench.core.network import Network
from snnbench.execute.attempt import FAILURES, Metrics, attempt, reason_of
from snnbench.execute.build import Builder
from snnbench.execute.job import Job
from snnbench.measure import Trained, equivalence, throughput
from snnbench.plugin.specs import NeuronSpec
from snnbench.records import Component, class_flag

Alone: TypeAlias = Callable[[], AbstractContextManager[None]]


def compare(reference: tuple[Component, NeuronSpec], build: Builder, trained: Trained) -> Metrics:
    """How far the cell's neuron is the reference."""

    def compared() -> Metrics:
        return equivalence.equivalence(trained, build.population(*reference))

    return attempt(compared, equivalence.missing)


def time(job: Job, build: Builder, trained: Trained, alone: Alone, grade: str) -> Metrics:
    """Throughput, also as multiples of the reference's and the floor's.

    Args:
        job: The cell.
        build: Makes its networks.
        trained: Its network.
        alone: Context in which no other cell is running.
        grade: How equal the reference's model is; it stands beside each ratio to it.
    """
    neurons = {"ratio": job.reference, "floor": job.floor}
    rivals = {name: _rival(*neuron, build, trained) for name, neuron in neurons.items() if neuron}
    gc.collect()
    with alone():
        metrics = attempt(
            lambda: throughput.throughput(trained, rivals=rivals, seconds=job.measure.throughput_seconds),
            lambda reason: throughput.missing(reason, rivals),
        )
    for name, metric in metrics.items():
        if name.endswith("_ratio") and metric.value is not None:
            metrics[name] = replace(metric, flags=(class_flag(grade), *metric.flags))
    return metrics


def _rival(neuron: Component, spec: NeuronSpec, build: Builder, trained: Trained) -> Network | str:
    """The trained network with another neuron, all other weights the same; or why there is none.

    It runs eagerly whatever the cell's engine, and with the cell's surrogate, so that ratios of one board and
    surrogate have one denominator.
    """
    try:
        network = build.rival(neuron, spec).run_by(EAGER).to(trained.device)
    except FAILURES as error:
        return reason_of(error)
    equivalence.take_weights(network, trained.network)
    return network
