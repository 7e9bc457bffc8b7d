"""The growth plot, on made-up times and sizes that grow by known powers."""

from __future__ import annotations

import pytest

from results import board_of, cells_of
from snnbench.records import Cell, CellResult, Component, Metric, Status
from snnbench.report.growth import HEIGHT, WIDTH, growths
from snnbench.report.leaderboard import page
from snnbench.settings import Budget

MIB = 2.0**20


def cell(
    steps: int = 100, batch: int = 32, neurons: int = 256, epochs: int = 0, name: str = "lif"
) -> CellResult:
    """A step takes 1 ms + T·B·√N µs, and holds T·B·N bytes."""
    part = Component("any")
    network = Component("dense", (("hidden", (neurons,)),))
    budget = Budget(steps=steps, batch_size=batch, epochs=epochs)
    made = Cell(part, part, network, Component(name), part, budget, 0, f"{steps}/{batch}/{neurons}/{name}")
    rate = batch / (1e-3 + 1e-6 * steps * batch * neurons**0.5)
    metrics = {
        "throughput.training": Metric(rate, "samples/s"),
        "throughput.training_updates": Metric(rate * steps * neurons, "updates/s"),
        "memory.training_peak": Metric(MIB * steps * batch * neurons, "B"),
    }
    return CellResult(made, Status.DONE, metrics=metrics, environment="here")


GROWING = [
    *(cell(steps=steps) for steps in (10, 100, 1000, 3000, 10_000)),
    *(cell(batch=batch) for batch in (8, 320, 1000, 3200)),
    *(cell(neurons=neurons) for neurons in (2560, 25_600, 80_000, 256_000)),
]


def test_exponents_are_those_of_the_last_decade() -> None:
    (found,) = growths(cells_of(GROWING).cells)
    time, memory = found.panels
    assert [line.name for line in time.lines] == ["T", "batch", "neurons"]
    assert [line.exponent for line in time.lines] == pytest.approx([1, 1, 0.5], abs=0.02)
    assert [line.exponent for line in memory.lines] == pytest.approx([1, 1, 1], abs=1e-6)
    assert (found.title, found.base) == ("dense · lif · any · eager · cpu", "T 100, batch 32, neurons 256")


def test_a_line_alone_does_not_say_where_it_is_itself() -> None:
    (found,) = growths(cells_of([cell(steps=steps) for steps in (100, 320, 1000)]).cells)
    assert found.base == "batch 32, neurons 256"


def test_a_line_changes_one_thing_and_is_drawn_within_its_panel() -> None:
    (found,) = growths(cells_of([*GROWING, cell(steps=77, batch=99)]).cells)
    for panel in found.panels:
        assert [len(line.points) for line in panel.lines] == [5, 5, 5]
        for line in panel.lines:
            assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in line.points)
            assert [x for x, _ in line.points] == sorted(x for x, _ in line.points)
    assert found.panels[0].lines[0].texts[1] == "T 100: 52.20"


@pytest.mark.parametrize(
    "results",
    [
        [],
        [cell(steps=steps) for steps in (10, 100, 1000)],
        [cell(steps=steps, epochs=3) for steps in (100, 320, 1000)],
        [cell(steps=steps, batch=batch) for steps, batch in ((100, 1), (320, 2), (1000, 3))],
    ],
)
def test_without_three_values_of_one_thing_within_a_decade_there_is_no_plot(
    results: list[CellResult],
) -> None:
    assert growths(cells_of(results).cells) == []


def test_each_neuron_has_a_figure_and_the_page_shows_them() -> None:
    results = [*GROWING, *(cell(steps=steps, name="relu") for steps in (100, 320, 1000))]
    assert len(growths(cells_of(results).cells)) == 2
    html = page("growth", board_of(results), []).decode()
    assert html.count("<polyline") == 2 * 3 + 2
    assert "T to the power 1.00" in html


def test_what_was_not_measured_is_not_drawn() -> None:
    lost = CellResult(cell(steps=5).cell, Status.FAILED, "no memory", environment="here")
    (found,) = growths(cells_of([*GROWING, lost]).cells)
    assert [len(line.points) for line in found.panels[0].lines] == [5, 5, 5]
