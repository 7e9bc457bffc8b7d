"""Ratios of works that take turns, on a machine whose speed drifts and jumps: nothing here waits."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from snnbench.measure import timing
from snnbench.measure.paired import Ratio, ratio
from snnbench.measure.stopwatch import Lap, Work
from snnbench.measure.timing import Load, Timing, repeat, take_turns

SECONDS = 1.0
Drift = Callable[[float], float]


class Machine:
    """Works of known durations, on a machine that is ``drift(now)`` times slower than at its start.

    Attributes:
        works: One a duration; calling it tells the machine which one runs.
        order: The works as they were timed.
    """

    def __init__(
        self, *seconds: float, drift: Drift = lambda now: 1.0, noise: float = 0.0, seed: int = 0
    ) -> None:
        self.seconds, self.drift, self.noise = seconds, drift, noise
        self.rng = np.random.default_rng(seed)
        self.now, self.running = 0.0, 0
        self.works: list[Work] = [self._work(index) for index in range(len(seconds))]
        self.order: list[int] = []

    def _work(self, index: int) -> Work:
        def work() -> None:
            self.running = index

        return work

    def __call__(self, work: Work, calls: int) -> Lap:
        work()
        self.order.append(self.running)
        interrupted = 1.0 + (self.noise > 0 and self.rng.random() < 0.03)
        blur = math.exp(self.noise * self.rng.standard_normal()) * interrupted
        seconds = calls * self.seconds[self.running] * self.drift(self.now) * blur
        self.now += seconds
        return Lap(seconds)


def calm() -> Load:
    return Load(0.0, 0.0)


def compare(machine: Machine) -> Ratio:
    """How many times as fast the machine's first work is as its second."""
    one, other = take_turns(machine.works[:2], machine, SECONDS, calm)
    assert isinstance(one, Timing)
    assert isinstance(other, Timing)
    return ratio(one, other)


def one_after_the_other(machine: Machine) -> float:
    one, other = (repeat(work, machine, SECONDS, calm) for work in machine.works)
    assert isinstance(one, Timing)
    assert isinstance(other, Timing)
    return one.wall.median / other.wall.median


def slows(now: float) -> float:
    return 1.3**now


def swings(now: float) -> float:
    return 1 + 0.3 * math.sin(now)


def jumps(now: float) -> float:
    return 1.0 if now < 0.45 else 1.6


@pytest.mark.parametrize("drift", [slows, swings, jumps])
@pytest.mark.parametrize("true", [0.31, 1.0, 2.5])
def test_drift_cancels_where_one_after_the_other_is_wrong(drift: Drift, true: float) -> None:
    durations = (0.001, 0.001 * true)
    assert abs(one_after_the_other(Machine(*durations, drift=drift)) / true - 1) > 0.1
    found = compare(Machine(*durations, drift=drift))
    assert found.value == pytest.approx(true, rel=0.01)
    assert found.low <= true <= found.high


@pytest.mark.parametrize("drift", [lambda now: 1.0, slows, swings])
def test_the_interval_holds_the_truth_as_often_as_it_says(drift: Drift) -> None:
    """At 95 %, which order statistics of few windows round up to 97.9."""
    true, repetitions = 1.7, 200
    found = [
        compare(Machine(0.001, 0.001 * true, drift=drift, noise=0.03, seed=seed))
        for seed in range(repetitions)
    ]
    covered = sum(one.low <= true <= one.high for one in found) / repetitions
    assert 0.90 <= covered <= 0.99
    assert np.mean([one.value for one in found]) == pytest.approx(true, rel=0.01)


def test_works_take_turns_in_either_order_as_often() -> None:
    machine = Machine(0.001, 0.002, 0.003)
    take_turns(machine.works, machine, SECONDS, calm)
    rounds = [tuple(machine.order[end - 3 : end]) for end in range(len(machine.order), 0, -3)]
    turns = rounds[: timing.LEAST]
    assert set(turns) == {(0, 1, 2), (2, 1, 0)}
    assert turns.count((0, 1, 2)) == timing.LEAST / 2
    assert all(turns[index] != turns[index + 1] for index in range(timing.LEAST - 1))


def test_the_windows_of_all_works_are_as_many_and_as_long() -> None:
    timed = take_turns((machine := Machine(0.001, 0.013, 0.2)).works, machine, SECONDS, calm)
    assert {len(one.windows) for one in timed if isinstance(one, Timing)} == {timing.LEAST}
    assert [one.wall.median for one in timed if isinstance(one, Timing)] == pytest.approx(
        [1000, 1 / 0.013, 5]
    )


def test_a_work_that_is_too_slow_leaves_the_others_alone() -> None:
    timed = take_turns((machine := Machine(0.001, 50.0, 0.002)).works, machine, SECONDS, calm)
    assert isinstance(timed[0], Timing)
    assert isinstance(timed[2], Timing)
    assert str(timed[1]).startswith("one call takes 50 s")
    assert machine.order.count(1) == 2
    assert ratio(timed[0], timed[2]).value == pytest.approx(2)


def test_an_even_number_of_turns_whatever_stops_them() -> None:
    machine = Machine(3.3, 2.2)
    one, other = take_turns(machine.works, machine, SECONDS, calm)
    assert isinstance(one, Timing)
    assert isinstance(other, Timing)
    assert len(one.windows) == len(other.windows) == timing.FEWEST
    assert ratio(one, other) == Ratio(*[pytest.approx(2 / 3)] * 3, flags=())


def test_an_interrupted_window_moves_nothing() -> None:
    windows = (1.0,) * 9 + (0.2,)
    calm_one = made((1.0,) * 10)
    assert ratio(made(windows), calm_one) == Ratio(1.0, 1.0, 1.0, ())


def test_a_wide_interval_or_an_unsettled_warm_up_is_flagged() -> None:
    even = made((1.0,) * 10)
    assert ratio(made((0.9, 1.1) * 5), even).flags == ("unstable",)
    assert ratio(made((1.0,) * 10, settled=False), even).flags == ("unstable",)
    assert ratio(even, made((1.0,) * 10, flags=("busy",))).flags == ("busy",)


def test_a_ratio_is_a_metric_with_what_else_is_to_be_said_of_it() -> None:
    metric = Ratio(1.9, 2.0, 2.2, ("unstable",)).metric("class B")
    assert (metric.value, metric.low, metric.high, metric.unit) == (2.0, 1.9, 2.2, "×")
    assert metric.flags == ("class B", "unstable")


def made(windows: tuple[float, ...], *, settled: bool = True, flags: tuple[str, ...] = ()) -> Timing:
    return Timing(timing.Rate(1.0, 1.0, 1.0, flags), None, windows, settled)
