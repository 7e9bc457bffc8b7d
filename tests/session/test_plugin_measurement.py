"""A measurement of a plugin, from its spec to the page: quantities, interval, flag, phase and direction."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import snnbench
from snnbench import Better, Flag, MeasurementSpec, Metric, Phase, Quantity, Scale
from snnbench.measure import CellContext
from snnbench.results import write_report

BOARD = """
datasets = ["yin_yang(train=40)"]
encoders = ["direct"]
networks = ["dense(hidden=[4])"]
neurons = ["lif"]
surrogates = ["atan"]
measurements = ["energy", "start", "end", "broken", "unexplained"]
[train]
batch_size = 20
steps = 3
epochs = 1
[measure]
throughput = false
memory = false
stability = false
"""


class Heat(Flag):
    HOT = "hot", "The chip throttled."


ENERGY = (
    Quantity("step", "Energy", "Energy of one step.", "J", Scale.RATE, Better.LOWER, headline=True),
    Quantity("idle", "Idle", "Part of the energy that is spent at rest.", "%", Scale.FRACTION, headline=True),
)


def energy() -> Callable[[CellContext], Mapping[str, Metric | float | None]]:
    return lambda context: {"step": Metric(20.0, "J", 18.0, 23.0, flags=(Heat.HOT,)), "idle": 0.25}


def weight() -> Callable[[CellContext], float]:
    """Return what sums the first weights, which training changes."""
    return lambda context: float(next(context.network.parameters()).detach().double().sum())


def broken() -> Callable[[CellContext], object]:
    return lambda context: {"step": float("nan")}


def unexplained() -> Callable[[CellContext], object]:
    return lambda context: {"step": Metric(1.0, flags=("odd",)), "idle": 0.5}


def spec(name: str, factory: Callable[[], object], *quantities: Quantity, **more: Any) -> MeasurementSpec:
    return MeasurementSpec(
        name=name, version="1", summary="a test", factory=factory, quantities=quantities, **more
    )


SUM = Quantity("", "Sum", "Sum of the first weights.")
SPECS = (
    spec("energy", energy, *ENERGY, flags=Heat, phase=Phase.ALONE),
    spec("start", weight, SUM, phase=Phase.INITIAL),
    spec("end", weight, SUM),
    spec("broken", broken, *ENERGY),
    spec("unexplained", unexplained, *ENERGY),
)


@pytest.mark.slow
def test_a_measurement_with_several_quantities_stands_on_the_board_as_ours_do(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text(BOARD)
    out = tmp_path / "out"
    frame = snnbench.run(tmp_path / "board.toml", plugins=SPECS, seeds=1, out=out, engine="eager")
    (row,) = frame.to_dict("records")
    assert (row["energy.step"], row["energy.step.low"], row["energy.step.high"]) == (20.0, 18.0, 23.0)
    assert (row["energy.step.flags"], row["energy.idle"]) == ("hot", 0.25)
    assert row["start"] != row["end"]
    assert row["broken.step.reason"] == "it is not a number"
    assert row["broken.idle.reason"] == "the measurement returned nothing"
    assert row["unexplained.idle.reason"] == "it raises the flag 'odd', which its spec does not explain"
    write_report(out)
    page, text = (next(out.glob(name)).read_text() for name in ("*.html", "*.md"))
    for report in (page, text):
        for said in ("Energy", "Energy of one step.", "Lower is better.", "The chip throttled.", "25.0"):
            assert said in report
