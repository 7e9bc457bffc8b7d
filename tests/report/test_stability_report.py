"""What the page shows of stability: which cells a line is the mean of, and where its points lie."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from scipy.stats import spearmanr

from results import board_of, make_run, make_seeds
from snnbench.records import CellResult, Component, Metric
from snnbench.report.curves import APART, Wording, chart
from snnbench.report.frame import board_frame
from snnbench.report.plot import BOTTOM, HEIGHT, TOP
from snnbench.report.stability import Stability, stability
from snnbench.report.view import ShownRow, sections
from snnbench.settings import Regulariser

DELTAS = (0.001, 0.01, 0.1, 1.0)


def measured(neuron: str, rank: int, seeds: int = 3) -> list[CellResult]:
    """Results whose numbers follow from ``rank`` and the seed."""
    found = []
    for result in make_seeds([0.9 - 0.01 * rank] * seeds, neuron):
        seed = result.cell.seed
        metrics = dict(result.metrics)
        metrics |= {
            f"stability.lambda_delta[{delta}]": Metric(0.1 * rank + i + seed)
            for i, delta in enumerate(DELTAS)
        }
        metrics |= {f"stability.spectrum[{i}]": Metric(-0.1 * i * rank) for i in range(1, 11)}
        metrics |= {
            "initial.stability.lambda_grad": Metric((rank * 3) % 7 + 0.1 * seed),
            "initial.activity.dead": Metric(0.0),
            "initial.gradient.norm": Metric(float(rank)),
        }
        series = {
            **result.series,
            "stability.epochs": (0.0, 5.0, 7.0),
            "stability.lambda_grad": (0.5, 0.5 + seed, math.nan if seed else 2.0),
            "stability.survival.step": (1.0, 10.0, 500.0),
            "stability.survival.larger": (1.0, 0.5 * seed / 2, 0.0),
            "stability.survival.there": (1.0, 1.0, 0.25 * seed),
        }
        found.append(replace(result, metrics=metrics, series=series))
    return found


def found(results: Sequence[CellResult], index: int = 0) -> Stability:
    board = board_of(results)
    return stability(sections(board)[index], board.contests[index], board.cells)


NEURONS = ("lif", "alif", "rlif", "if", "plif", "adlif", "qif", "eif")
MANY = [one for rank, name in enumerate(NEURONS) for one in measured(name, rank)]


def numbers(text: str) -> list[float]:
    return [float(pair.split(": ")[1].replace("−", "-")) for pair in text.split(", ")]


def test_a_line_is_the_mean_over_the_seeds_of_its_row() -> None:
    growth, spectrum, along, larger, there = found(MANY).charts
    for drawn, known in (
        (growth, [0.2 + i + 1 for i in range(4)]),
        (spectrum, [-0.2 * i for i in range(1, 11)]),
        (along, [0.5, 1.5]),
        (larger, [1.0, 0.25, 0.0]),
        (there, [1.0, 1.0, 0.25]),
    ):
        (line,) = [line for line in drawn.lines if line.row.names["neuron"] == "rlif"]
        head, _, points = line.text.partition(": ")
        assert head.startswith("3. rlif")
        assert numbers(points) == pytest.approx(known, abs=1e-3)
    assert growth.lines[-1].row.rank == 1, "the best one is on top"


@pytest.mark.parametrize("place", [{"device": "cuda:0"}, {"engine": "compiled"}, {"environment": "there"}])
def test_a_line_shows_what_was_measured_in_its_rows_place(place: dict[str, str]) -> None:
    """One cell key in two places: the second row drew the first one's curve."""
    here = measured("lif", 1)
    there = [
        replace(one, **place, series={**one.series, "stability.lambda_grad": (7.0, 8.0, 9.0)})  # type: ignore[arg-type]
        for one in here
    ]
    (axis,) = place
    along = found([*here, *there]).charts[2]
    lines = {line.row.names[axis]: numbers(line.text.partition(": ")[2]) for line in along.lines}
    assert lines.pop(place[axis]) == [7.0, 8.0, 9.0]
    assert list(lines.values()) == [[0.5, 1.5]]


def test_exponents_are_in_the_order_of_their_numbers() -> None:
    ticks = [tick.text for tick in found(MANY).charts[1].x_ticks]
    assert ticks == [str(i) for i in range(1, 11)]


def test_correlations_are_over_means_of_combinations() -> None:
    by_name = {(one.cause, one.effect): one for one in found(MANY).associations}
    cause = "λ grad before training"
    accuracy = by_name[cause, "Accuracy"]
    means = [(rank * 3) % 7 + 0.1 for rank in range(8)]
    assert accuracy.n == 8
    assert float(accuracy.rho.replace("−", "-")) == pytest.approx(
        spearmanr(means, [-rank for rank in range(8)]).statistic, abs=0.006
    )
    assert "…" in accuracy.interval
    assert accuracy.within == (), "one combination a neuron"
    assert by_name[cause, "Dead before training"].interval == "one of the two is the same everywhere"
    assert {one.cause for one in by_name.values()} == {cause}, "the other one was not measured"


def test_rows_of_one_neuron_are_one_family() -> None:
    results = []
    for rank in range(8):
        for one in measured("lif", rank):
            named = Component("lif", (("beta", 0.1 * rank),))
            key = f"{rank}{one.cell.seed}"
            results.append(replace(one, cell=replace(one.cell, neuron=named, key=key)))
    one = found(results).associations[0]
    assert one.within == (f"lif {one.rho} (8)",)
    assert "no interval from 1 neuron families" in one.interval


def test_rows_with_and_without_a_term_of_the_loss_are_ranked_together_and_not_mixed() -> None:
    plain, led = measured("lif", 0), measured("lif", 3)
    term = Regulariser(0.5, 0.1)
    led = [
        replace(
            one,
            cell=replace(
                one.cell, key=f"{one.cell.seed}led", budget=replace(one.cell.budget, stability=term)
            ),
        )
        for one in led
    ]
    board = board_of([*plain, *led])
    frame = board_frame(board)
    assert frame["penalty"].tolist() == ["none", "0.5·(lambda_grad→0.1)²"]
    assert frame["rank"].tolist() == [1, 2]
    (section,) = sections(board)
    assert "penalty" in section.axes
    first = found([*plain, *led]).charts[0]
    values = {line.row.names["penalty"]: numbers(line.text.partition(": ")[2])[0] for line in first.lines}
    assert values == pytest.approx({"none": 1.0, "0.5·(lambda_grad→0.1)²": 1.3})


def test_without_measurements_there_is_nothing_to_show() -> None:
    bare = [replace(one, metrics={"accuracy.test": Metric(0.9)}) for one in make_seeds([0.9, 0.9])]
    assert found(bare) == Stability((), ())
    usual = found(make_run())
    assert [one.title for one in usual.charts] == ["Growth of a disturbance of size δ, after training"]
    assert usual.associations == ()


def row(index: int) -> ShownRow:
    return ShownRow(index, index + 1, "", {"neuron": f"n{index}"}, {}, (), 3, 3, ())


def test_points_lie_where_their_numbers_are_and_infinities_are_left_out() -> None:
    drawn = chart(
        Wording("", "", "", logarithmic=True),
        [(row(0), {0.01: -1.0, 1.0: 1.0, 0.1: 0.0}), (row(1), {0.01: -math.inf, 1.0: 0.5, 0.1: math.nan})],
    )
    assert drawn is not None
    assert len(drawn.lines) == 1
    dots = drawn.lines[0].dots
    assert [x for x, _ in dots] == sorted(x for x, _ in dots)
    assert dots[1][0] == pytest.approx((dots[0][0] + dots[2][0]) / 2, abs=0.1)
    assert drawn.zero == dots[1][1]
    assert dots[0][1] > dots[1][1] > dots[2][1], "up is more"
    assert chart(Wording("", "", ""), [(row(0), {1.0: 2.0})]) is None


def test_names_at_the_ends_are_apart_and_within_the_chart() -> None:
    drawn = chart(Wording("", "", ""), [(row(i), {0.0: 0.0, 1.0: 0.001 * i}) for i in range(20)])
    assert drawn is not None
    heights = sorted(line.label for line in drawn.lines if line.label is not None)
    assert len(heights) == 12
    assert all(b - a >= APART - 1e-6 for a, b in itertools.pairwise(heights))
    assert heights[-1] <= HEIGHT - BOTTOM
    assert heights[0] >= TOP - 1


def test_what_was_measured_before_training_says_so_and_has_no_column() -> None:
    entry = board_of([]).cells.descriptions.of("initial.stability.lambda_delta[0.1]")
    assert (entry.title, entry.headline) == ("λ δ=0.1 before training", False)
    assert board_of([]).cells.descriptions.of("stability.lambda_delta[0.1]").headline
    assert not board_of([]).cells.descriptions.of("stability.lambda_delta[0.01]").headline
    assert board_of([]).cells.descriptions.of("activity.rate[0]").title == "Firing rate layer 0"
