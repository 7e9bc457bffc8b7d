"""What one cell records when a measurement, not the cell, goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch

from snnbench.components import datasets, encoders, networks, neurons, surrogates
from snnbench.execute import cell as module
from snnbench.execute.cell import run_cell
from snnbench.execute.job import Job, Settings
from snnbench.measure import memory, repeat, throughput
from snnbench.measure.stability import cell as stability
from snnbench.records import Budget, Cell, CellResult, Component, Measure, Metric, Status


def job() -> Job:
    names = {
        "dataset": (datasets, Component("yin_yang", (("train", 40),))),
        "encoder": (encoders, Component("direct")),
        "network": (networks, Component("dense", (("hidden", (4,)),))),
        "neuron": (neurons, Component("lif")),
        "surrogate": (surrogates, Component("atan")),
    }
    cell = Cell(
        **{kind: component for kind, (_, component) in names.items()},
        budget=Budget(steps=3, epochs=1, batch_size=20),
        seed=0,
        key="0123456789abcdef",
    )
    specs = {
        kind: next(spec for spec in listing.SPECS if spec.name == component.name)
        for kind, (listing, component) in names.items()
    }
    return Job(cell, specs, (), Measure(throughput_seconds=0.01), Settings("cpu", 1, None, {}))


def run() -> CellResult:
    return run_cell(job(), lambda epoch, accuracy: None, nullcontext)


def test_every_metric_of_a_failed_measurement_is_missing_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = run()
    assert whole.status is Status.DONE, whole.reason

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("no such luck")

    for owner, name in ((memory, "memory"), (throughput, "throughput"), (stability, "stability")):
        monkeypatch.setattr(owner, name, broken)
    hurt = run()
    assert hurt.status is Status.DONE
    assert hurt.metrics.keys() == whole.metrics.keys()
    for name, metric in hurt.metrics.items():
        assert metric.unit == whole.metrics[name].unit
        if name == "training.waiting":  # a time: never twice the same
            assert metric.value is not None
        elif name.startswith(("accuracy.", "data.")):
            assert metric == whole.metrics[name]
        else:
            assert (metric.value, metric.reason) == (None, "RuntimeError: no such luck")


def test_another_output_for_the_same_batch_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run().metrics["accuracy.repeat_check"] == Metric(1.0)
    outputs = iter((torch.zeros(2), torch.tensor([0.0, 1e-7])))
    monkeypatch.setattr(repeat, "inference", lambda network, x: next(outputs))
    assert run().metrics["accuracy.repeat_check"] == Metric(0.0)
    unable = run()
    assert unable.status is Status.DONE
    assert unable.metrics["accuracy.repeat_check"] == Metric.missing("StopIteration")


def test_labels_tell_the_data_and_the_dtype() -> None:
    made = run().labels
    data = datasets.SPECS[1].load()(None, train=40)
    assert (made["data"], made["dtype"], made["spike"]) == (data.checksum, "float32", "binary")


def test_training_does_not_depend_on_which_measurements_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run()
    monkeypatch.setattr(module, "memory", _Nothing(memory.missing))
    assert run().series == whole.series


class _Nothing:
    def __init__(self, missing: Callable[[str], object]) -> None:
        self.missing = missing

    def memory(self, *args: object) -> object:
        return self.missing("left out")
