from __future__ import annotations

from dataclasses import replace

import pytest

from results import board_of, make_metrics, make_result, make_run, make_seeds
from snnbench.records import CellResult, Metric
from snnbench.report.plot import CROWD, HEIGHT, NAMED, WIDTH, Plot, plots
from snnbench.report.view import sections


def draw(*results: CellResult) -> list[Plot]:
    return [plot for section in sections(board_of(results)) for plot in plots(section)]


def with_rate(results: list[CellResult], rate: float) -> list[CellResult]:
    metrics = {"throughput.inference": Metric(rate, "samples/s")}
    return [replace(one, metrics={**one.metrics, **metrics}) for one in results]


def test_everything_lies_within_the_drawing() -> None:
    for plot in draw(*make_run()):
        for point in plot.points:
            assert all(0 < x < WIDTH for x in (point.x, *point.x_ends))
            assert all(0 < y < HEIGHT for y in (point.y, *point.y_ends))
            assert point.x_ends[0] <= point.x <= point.x_ends[1]
            assert point.y_ends[1] <= point.y <= point.y_ends[0]  # y grows downwards


def test_rates_are_on_a_logarithmic_axis() -> None:
    (plot,) = draw(
        *with_rate(make_seeds([0.9], "lif"), 1e3),
        *with_rate(make_seeds([0.8], "alif"), 1e4),
        *with_rate(make_seeds([0.7], "adlif"), 1e5),
    )
    slow, middle, fast = sorted(point.x for point in plot.points)
    assert middle - slow == pytest.approx(fast - middle, abs=0.2)
    by_text = {tick.text: tick.at for tick in plot.x_ticks}
    assert (by_text["1 k"], by_text["10 k"], by_text["100 k"]) == (slow, middle, fast)


@pytest.mark.parametrize("factor", [1.02, 1.5, 3.0, 40.0, 1e3, 1e7])
def test_every_axis_has_ticks(factor: float) -> None:
    (plot,) = draw(
        *with_rate(make_seeds([0.9], "lif"), 1.3e3), *with_rate(make_seeds([0.8], "alif"), 1.3e3 * factor)
    )
    assert 1 <= len(plot.x_ticks) <= 14
    assert 3 <= len(plot.y_ticks) <= 8


@pytest.mark.parametrize("accuracies", [(0.9, 0.9), (0.9, 0.9001), (0.0, 0.0), (1.0, 1.0), (0.1, 1.0)])
def test_equal_and_extreme_accuracies_can_be_drawn(accuracies: tuple[float, float]) -> None:
    first, second = accuracies
    (plot,) = draw(*with_rate(make_seeds([first], "lif"), 1e3), *with_rate(make_seeds([second], "alif"), 2e3))
    assert len(plot.points) == 2


def test_machines_are_drawn_apart() -> None:
    here = [*make_seeds([0.9], "lif"), *make_seeds([0.8], "alif")]
    there = [replace(one, environment="gpu-1", device="cuda:0") for one in here]
    alone = replace(here[0], environment="gpu-2", device="cuda:1")
    drawn = draw(*here, *there, alone)
    assert [len(plot.points) for plot in drawn] == [2, 2]
    assert {plot.place for plot in drawn} == {"cpu, cpu-a1b2c3", "cuda:0, gpu-1"}


def test_rows_without_both_numbers_are_left_out() -> None:
    silent = make_result(make_seeds([0.9], "adlif")[0].cell, metrics={"accuracy.test": Metric(0.9)})
    (plot,) = draw(silent, *make_seeds([0.9], "lif"), *make_seeds([0.8], "alif"))
    assert [point.row.names["neuron"] for point in plot.points] == ["alif", "lif"]
    assert draw(silent, *make_seeds([0.9], "lif")) == []
    assert draw(*(replace(one, metrics={"accuracy.test": Metric(0.9)}) for one in make_run()[:6])) == []


def test_training_rates_stand_in_where_inference_was_not_timed() -> None:
    metrics = {name: metric for name, metric in make_metrics(0.9).items() if name != "throughput.inference"}
    both = [replace(one, metrics=metrics) for one in (*make_seeds([0.9]), *make_seeds([0.8], "alif"))]
    assert draw(*both)[0].x_title == "Training (samples/s, logarithmic)"


def test_in_a_crowd_only_the_first_ranks_are_numbered() -> None:
    rows = [make_seeds([0.5 + index / 100], "lif", beta=index / 100) for index in range(CROWD + 1)]
    (plot,) = draw(*(one for row in rows for one in row))
    numbered = {point.row.rank for point in plot.points if point.numbered}
    assert numbered == set(range(1, NAMED + 1))
    (plot,) = draw(*(one for row in rows[1:] for one in row))
    assert all(point.numbered for point in plot.points)
