"""What one cell records when a measurement, not the cell, goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch

from snnbench.components import datasets, encoders, networks, neurons, surrogates
from snnbench.execute import cell as module
from snnbench.execute.cell import run_cell
from snnbench.execute.job import Job, Settings
from snnbench.measure import activity, gradient, memory, repeat, throughput
from snnbench.measure.stability import cell as stability
from snnbench.measure.stability import forgetting
from snnbench.records import Cell, CellResult, Component, Metric, Status, Value
from snnbench.settings import Budget, Measure, Regulariser
from snnbench.store.lines import read_line, write_line


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


KEPT = ("accuracy.", "data.", "activity.", "initial.activity.", "initial.gradient.")
"""Metrics of other measurements than those that are broken."""


def run() -> CellResult:
    return run_cell(job(), lambda epoch, accuracy: None, nullcontext)


def test_every_metric_of_a_failed_measurement_is_missing_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = run()
    assert whole.status is Status.DONE, whole.reason

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("no such luck")

    owners = {memory: "memory", throughput: "throughput", stability: "stability", forgetting: "forgetting"}
    for owner, name in owners.items():
        monkeypatch.setattr(owner, name, broken)
    hurt = run()
    assert hurt.status is Status.DONE
    assert hurt.metrics.keys() == whole.metrics.keys()
    for name, metric in hurt.metrics.items():
        assert metric.unit == whole.metrics[name].unit
        if name == "training.waiting":  # a time: never twice the same
            assert metric.value is not None
        elif name.startswith(KEPT):
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
    assert made["steps"] == str(job().cell.budget.steps)
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


# Stability before, along and after the training


def watched(every: int, epochs: int = 3) -> CellResult:
    one = job()
    measure = Measure(throughput=False, memory=False, stability_every=every, stability_exponents=3)
    cell = replace(one.cell, budget=replace(one.cell.budget, epochs=epochs))
    return run_cell(replace(one, cell=cell, measure=measure), lambda epoch, accuracy: None, nullcontext)


def timeless(result: CellResult) -> dict[str, Metric]:
    return {name: metric for name, metric in result.metrics.items() if name != "training.waiting"}


def test_broken_activity_and_gradient_are_missing_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(activity, "activity", broken)
    monkeypatch.setattr(gradient, "gradient", broken)
    found = run()
    assert found.status is Status.DONE
    for name in ("activity.dead", "activity.rate", "initial.activity.saturated", "initial.gradient.norm"):
        assert found.metrics[name].reason == "RuntimeError: no such luck"


def test_watching_changes_nothing_but_its_own_series() -> None:
    alone, seen = watched(0), watched(2)
    assert seen.status is Status.DONE, seen.reason
    assert timeless(seen) == timeless(alone)
    own = {"stability.epochs", "stability.lambda_grad", "stability.lambda_delta[0.1]"}
    assert seen.series.keys() - alone.series.keys() == own
    assert {name: seen.series[name] for name in alone.series} == alone.series
    assert seen.series["stability.epochs"] == (0, 2, 3)
    assert {len(seen.series[name]) for name in own} == {3}


def test_the_series_begins_with_what_is_measured_before_training() -> None:
    seen = watched(1, epochs=1)
    kept = read_line(write_line(seen)[:-1])
    assert (kept.metrics, kept.series) == (seen.metrics, seen.series), "a journal takes all of it"
    before = seen.metrics["initial.stability.lambda_grad"].value
    assert before == pytest.approx(seen.series["stability.lambda_grad"][0], abs=1e-9)
    assert before != seen.metrics["stability.lambda_grad"].value
    names = {name.removeprefix("initial.") for name in seen.metrics if name.startswith("initial.")}
    after = {name for name in seen.metrics if name.startswith(("stability.", "activity."))}
    assert names == after - {"stability.larger", "stability.there"} | {"gradient.norm"}
    exponents = [seen.metrics[f"stability.spectrum[{index}]"].value for index in (1, 2, 3)]
    assert exponents[0] == seen.metrics["stability.lambda_grad"].value
    assert exponents == sorted(exponents, reverse=True)


def test_stability_in_the_loss_changes_the_training_and_not_what_is_measured() -> None:
    plain = run()
    one = job()
    term = Regulariser(5.0, 0.1, "lambda_delta")
    led = run_cell(
        replace(one, cell=replace(one.cell, budget=replace(one.cell.budget, stability=term))),
        lambda epoch, accuracy: None,
        nullcontext,
    )
    assert led.status is Status.DONE, led.reason
    assert led.metrics.keys() == plain.metrics.keys()
    assert led.metrics["stability.lambda_grad"] != plain.metrics["stability.lambda_grad"]
    assert led.cell.id.endswith("atan/5·(lambda_delta[0.1]→0.1)²/s0")


def test_learned_values_that_end_at_a_bound_are_marked() -> None:
    """Steps of 10 take a decay past 0 or 1 whatever the data; a held decay of 1 is no finding."""

    def trained(*params: tuple[str, Value]) -> CellResult:
        one = job()
        budget = replace(one.cell.budget, learning_rate=10.0)
        cell = replace(one.cell, neuron=Component("lif", params), budget=budget)
        measure = Measure(throughput=False, memory=False, stability=False)
        return run_cell(replace(one, cell=cell, measure=measure), lambda epoch, accuracy: None, nullcontext)

    learned, held = trained(("learn_beta", True)), trained(("beta", 1.0))
    assert learned.status is Status.DONE, learned.reason
    assert learned.labels["at bound"] == "layer 1 beta: 1"
    assert "at bound" in learned.metrics["accuracy.test"].flags
    assert "at bound" not in held.labels
    assert "at bound" not in held.metrics["accuracy.test"].flags
