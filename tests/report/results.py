"""Made-up results that look like a run's: seeds, failures, missing numbers, exponents of minus infinity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from snnbench.components import measurements
from snnbench.identity import cell_key, version_key
from snnbench.quantities import Quantity, by_name, sentences
from snnbench.records import Cell, CellResult, Component, Metric, RunHeader, Status
from snnbench.report.board import Board, make_board
from snnbench.report.cells import Cells, measured_cells
from snnbench.settings import Budget

HERE = "cpu-a1b2c3"
HEADER = RunHeader(
    matrix="quick",
    content={
        "seeds": [0, 1, 2],
        "train": {"epochs": 20, "steps": 25},
        "neurons": ["lif", "synaptic", "alif"],
    },
    version="0.1.0",
    commit="0f2e9c1",
    plugins={"snnbench": "0.1.0", "snnbench-norse": "0.2.0"},
    environments={
        HERE: {"cpu.model": "Example CPU 9000", "cpu.cores": "2", "os": "Linux 6.1", "torch": "2.15.0"}
    },
    command="snnbench run quick --seeds 0-2",
    started="2025-03-01T12:00:00+00:00",
)


def board_of(results: Iterable[CellResult], quantities: Mapping[str, Quantity] | None = None) -> Board:
    """Return the board of ``results`` as a report makes it."""
    return make_board(cells_of(results, quantities))


def cells_of(results: Iterable[CellResult], quantities: Mapping[str, Quantity] | None = None) -> Cells:
    """Return the cells of ``results``, described as the standard measurements and ``quantities`` do."""
    told = {**by_name(measurements.QUANTITIES), **(quantities or {})}
    return measured_cells(results, told, sentences(measurements.FLAGS))


def make_cell(
    neuron: str = "lif",
    surrogate: str | None = "atan",
    seed: int = 0,
    dataset: str = "digits",
    **params: float,
) -> Cell:
    version = version_key({"dataset": dataset, "neuron": f"{neuron} {params}", "surrogate": surrogate or ""})
    return Cell(
        dataset=Component(dataset),
        encoder=Component("rate"),
        network=Component("dense"),
        neuron=Component(neuron, tuple(sorted(params.items()))),
        surrogate=Component(surrogate) if surrogate else None,
        budget=Budget(),
        seed=seed,
        key=cell_key(version, Budget(), seed),
        version=version,
    )


def make_result(cell: Cell, accuracy: float | None = 0.9, **changes: object) -> CellResult:
    """A finished cell; ``accuracy`` None is a cell that measured nothing else either."""
    metrics = make_metrics(accuracy, cell.neuron.name) if accuracy is not None else {}
    given: dict[str, object] = {
        "cell": cell,
        "status": Status.DONE,
        "metrics": metrics,
        "labels": {"spike": "binary", "threshold": ">", "reset": "subtract"},
        "environment": HERE,
        "started": HEADER.started,
        "seconds": 41.5,
        "series": {"validation.accuracy": (0.5, accuracy or 0.0)},
    }
    return CellResult(**{**given, **changes})  # type: ignore[arg-type]


def make_metrics(accuracy: float, neuron: str = "lif") -> dict[str, Metric]:
    """What a CPU measures; every neuron has a rate of its own, in training samples a second."""
    rate = 8_000.0 + 900.0 * (sum(map(ord, neuron)) % 13)
    return {
        "accuracy.test": Metric(accuracy),
        "accuracy.validation": Metric(accuracy - 0.01),
        "data.test_samples": Metric(360.0, "samples"),
        "throughput.training": Metric(
            rate * accuracy, "samples/s", rate * accuracy * 0.97, rate * accuracy * 1.02
        ),
        "throughput.inference": Metric(rate * accuracy * 3.1, "samples/s"),
        "memory.training_peak": Metric(accuracy * 120 * 2**20, "B"),
        "memory.parameters": Metric(40_488.0, "B"),
        "stability.lambda_grad": Metric(accuracy - 1.01, "nats/step", flags=("finite-time",)),
        "stability.lambda_delta[0.001]": Metric(-0.105 * accuracy, "nats/step"),
        "stability.lambda_delta[0.1]": Metric(0.4 * accuracy, "nats/step"),
        "stability.leak_check": Metric(1.0),
    }


def make_seeds(accuracies: Iterable[float | None], neuron: str = "lif", **rest: object) -> list[CellResult]:
    """One result a seed; None is a seed whose loss diverged."""
    results = []
    for seed, accuracy in enumerate(accuracies):
        cell = make_cell(neuron, seed=seed, **rest)  # type: ignore[arg-type]
        if accuracy is None:
            lost = {"status": Status.DIVERGED, "reason": "loss is nan in epoch 3"}
            results.append(make_result(cell, None, **lost))
        else:
            results.append(make_result(cell, accuracy))
    return results


def make_run() -> list[CellResult]:
    """A small run with everything in it that a report has to cope with."""
    graded = [
        make_result(
            result.cell, 0.955 + 0.001 * result.cell.seed, labels={**result.labels, "spike": "graded"}
        )
        for result in make_seeds([0, 0, 0], "lib")
    ]
    silent = [
        make_result(
            result.cell,
            0.31,
            metrics={
                **make_metrics(0.31, "synaptic"),
                "stability.lambda_grad": Metric(-math.inf, "nats/step", flags=("finite-time",)),
            },
        )
        for result in make_seeds([0.0, 0.0, 0.0], "synaptic")
    ]
    unstable = [
        make_result(
            result.cell,
            metrics={
                **result.metrics,
                "throughput.training": Metric(8_100.0, "samples/s", flags=("unstable",)),
                "throughput.inference": Metric.missing("implausible: 9e15 FLOP/s", "samples/s"),
            },
        )
        for result in make_seeds([0.951, 0.972, 0.961], "rlif")
    ]
    skipped = CellResult(
        make_cell("gru", None), Status.SKIPPED, "gru does not spike: a surrogate changes nothing"
    )
    return [
        *make_seeds([0.961, 0.969, 0.965], beta=0.9),
        *make_seeds([0.930, 0.941, 0.936], beta=0.5),
        *make_seeds([0.958, None, 0.962], "alif"),
        *make_seeds([0.912], "adlif"),
        *make_seeds([None, None, None], "izhikevich"),
        *graded,
        *silent,
        *unstable,
        skipped,
        *make_seeds([0.71, 0.74, 0.72], dataset="yin_yang"),
        *make_seeds([0.70, 0.75, 0.71], "alif", dataset="yin_yang"),
    ]


def timeless(result: CellResult) -> dict[str, Metric]:
    """All metrics but the share of the time that training waited for data."""
    return {name: metric for name, metric in result.metrics.items() if name != "training.waiting"}
