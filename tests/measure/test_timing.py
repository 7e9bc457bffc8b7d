"""The logic of warm-up and repeats, on clocks that are scripts: nothing here waits."""

import gc
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from itertools import chain, cycle, repeat

import numpy as np
import psutil
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snnbench.measure import stopwatch, timing
from snnbench.measure.stopwatch import Lap, stopwatch_for, time_on_cpu
from snnbench.measure.timing import Load, Timing, machine_load, spread

SECONDS = 1.0
WINDOW = SECONDS / timing.WINDOWS


class Script:
    """A stopwatch whose n-th lap takes the n-th of ``paces`` (seconds a call)."""

    def __init__(self, paces: Iterable[float], device: Callable[[float], float] | None = None) -> None:
        self.paces: Iterator[float] = iter(paces)
        self.device = device
        self.laps: list[tuple[int, float]] = []

    def __call__(self, work: Callable[[], object], calls: int) -> Lap:
        work()
        seconds = calls * next(self.paces)
        self.laps.append((calls, seconds))
        return Lap(seconds, self.device(seconds) if self.device else None)

    @property
    def total(self) -> float:
        return sum(seconds for _, seconds in self.laps)


def run(script: Script, load: Callable[[], Load] = lambda: Load(0, 0)) -> Timing:
    timed = timing.repeat(lambda: None, script, SECONDS, load)
    assert isinstance(timed, Timing)
    return timed


def test_steady_work_is_timed_with_the_least_effort() -> None:
    script = Script(repeat(0.001))
    rate = run(script).wall
    assert (rate.low, rate.median, rate.high) == pytest.approx((1000, 1000, 1000))
    assert rate.flags == ()
    calls, seconds = script.laps[-1]
    assert WINDOW / 2 <= seconds <= 2 * WINDOW
    assert [lap for lap in script.laps if lap[0] == calls][2:] == [(calls, seconds)] * timing.LEAST


def test_the_first_call_counts_for_nothing() -> None:
    assert run(Script(chain([100.0], repeat(0.001)))) == run(Script(repeat(0.001)))


def test_a_warm_up_lasts_until_two_windows_agree() -> None:
    paces = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.49]  # the last two differ by 2 %
    rate = run(Script(chain([5.0], paces, repeat(0.49)))).wall
    assert (rate.low, rate.high) == pytest.approx((1 / 0.49, 1 / 0.49))


def test_windows_settle_within_five_percent_and_not_beyond() -> None:
    def laps_before_settling(step: float) -> int:
        script = Script(chain([1.0, 0.1, 0.1 * step], repeat(0.1 * step)))
        run(script)
        return len(script.laps) - timing.LEAST

    assert laps_before_settling(1.049) == 3
    assert laps_before_settling(0.951) == 3
    assert laps_before_settling(1.051) == 4


def test_work_that_gets_faster_gets_larger_windows() -> None:
    script = Script(chain([3.0, 0.1], repeat(0.0001)))
    assert run(script).wall.median == pytest.approx(10_000)
    assert script.laps[-1][1] >= WINDOW / 2


def test_a_warm_up_that_never_settles_is_bounded_and_flagged() -> None:
    script = Script(cycle([0.02, 0.04]))
    rate = run(script).wall
    assert rate.flags == ("unstable",)
    assert script.total < 2 * SECONDS + 4 * 0.04 * 4


def test_a_warm_up_that_never_settled_is_flagged_however_calm_the_rest() -> None:
    rate = run(Script(chain([1.0], [0.2, 0.4, 0.2, 0.4, 0.2], repeat(0.2)))).wall
    assert rate.low == rate.high
    assert rate.flags == ("unstable",)


def test_a_wide_spread_ends_at_the_time_cap_and_is_flagged() -> None:
    script = Script(chain([1.0, 0.05, 0.05], cycle([0.05, 0.1])))
    rate = run(script).wall
    assert rate.flags == ("unstable",)
    rates = [1 / (seconds / calls) for calls, seconds in script.laps[3:]]
    assert (rate.low, rate.median, rate.high) == pytest.approx(np.percentile(rates, [25, 50, 75]))
    assert SECONDS <= script.total - 1.1 < SECONDS + 0.1 + 1e-9


def test_a_spread_that_narrows_ends_before_the_cap() -> None:
    wild = [0.05, 0.10] * (timing.LEAST // 2)
    script = Script(chain([1.0, 0.05, 0.05], wild, repeat(0.05)))
    timing.repeat(lambda: None, script, 10.0, lambda: Load(0, 0))
    assert len(script.laps) < 3 + 4 * timing.LEAST


def test_work_slower_than_the_cap_still_gets_its_windows() -> None:
    script = Script(repeat(1.5 * SECONDS))
    assert run(script).wall.median == pytest.approx(1 / 1.5)
    assert [calls for calls, _ in script.laps] == [1] * (3 + 7)  # the seventh ends after ten time caps
    slow = Script(repeat(timing.PATIENCE * SECONDS))
    run(slow)
    assert [calls for calls, _ in slow.laps] == [1] * (3 + timing.FEWEST)


def test_work_far_slower_than_the_cap_is_not_timed_and_says_why() -> None:
    script = Script(repeat(5.1))
    reason = timing.repeat(lambda: None, script, SECONDS, lambda: Load(0, 0))
    assert reason == "one call takes 5.1 s, more than 5 times the time cap of 1 s"
    assert len(script.laps) == 2


def test_a_slow_first_call_is_no_reason() -> None:
    assert run(Script(chain([500.0], repeat(0.001)))) == run(Script(repeat(0.001)))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(1e-6, timing.PATIENCE), min_size=1, max_size=30))
def test_any_clock_gives_the_quartiles_of_what_it_said(paces: list[float]) -> None:
    script = Script(cycle(paces))
    rate = run(script).wall
    calls = script.laps[-1][0]
    rates = [calls / seconds for _, seconds in script.laps]
    assert rate.low <= rate.median <= rate.high
    counts = range(timing.FEWEST, len(rates) + 1)
    assert any(
        np.allclose(np.percentile(rates[-n:], [25, 50, 75]), (rate.low, rate.median, rate.high))
        for n in counts
    )
    assert ("unstable" in rate.flags) or (rate.high - rate.low < timing.SPREAD * rate.median)


def test_device_events_give_a_rate_of_their_own() -> None:
    both = run(Script(repeat(0.001), device=lambda wall: wall / 2))
    assert both.device is not None
    assert both.device.median == pytest.approx(2 * both.wall.median)
    assert run(Script(repeat(0.001))).device is None


def test_a_rate_becomes_a_metric_in_the_unit_asked_for() -> None:
    metric = run(Script(chain([1.0, 0.1, 0.1], cycle([0.1, 0.2])))).wall.metric(64, "samples/s")
    assert metric.unit == "samples/s"
    assert metric.low == pytest.approx(320)
    assert metric.high == pytest.approx(640)
    assert metric.flags == ("unstable",)


@pytest.mark.parametrize(("others", "flags"), [(0.0, ()), (0.19, ()), (0.21, ("busy",)), (1.9, ("busy",))])
def test_other_processes_are_noticed(others: float, flags: tuple[str, ...]) -> None:
    loads = iter([Load(50.0, 1000.0), Load(50.0 + others, 1002.0)])
    assert run(Script(repeat(0.001)), lambda: next(loads)).wall.flags == flags


def test_machine_load_counts_guests_once_and_this_process_never(monkeypatch: pytest.MonkeyPatch) -> None:
    class Times:
        def _asdict(self) -> dict[str, float]:
            return {"user": 10.0, "system": 5.0, "idle": 80.0, "iowait": 3.0, "steal": 2.0, "guest": 4.0}

    monkeypatch.setattr(psutil, "cpu_times", Times)
    monkeypatch.setattr(timing, "process_time", lambda: 6.0)
    assert machine_load() == Load(others=11.0, total=100.0)


def test_machine_load_can_be_read_here() -> None:
    first, second = machine_load(), machine_load()
    assert 0 <= first.others <= first.total <= second.total


def test_the_collector_is_off_while_timing_and_as_it_was_after() -> None:
    seen: list[bool] = []
    timing.repeat(lambda: seen.append(gc.isenabled()), Script(repeat(0.1)), SECONDS, lambda: Load(0, 0))
    assert set(seen) == {False}
    assert gc.isenabled()
    with pytest.raises(StopIteration):
        run(Script([1.0, 1.0]))
    assert gc.isenabled()


def test_garbage_does_not_outlive_its_window() -> None:
    class Node:
        def __init__(self) -> None:
            self.cycle = self

    made: list[weakref.ref[Node]] = []
    alive: list[int] = []

    def work() -> None:
        alive.append(sum(node() is not None for node in made))
        made.append(weakref.ref(Node()))

    timing.repeat(work, Script(repeat(0.1)), SECONDS, lambda: Load(0, 0))
    assert max(alive) <= 1


def test_the_stopwatch_calls_as_often_as_told() -> None:
    count = []
    lap = time_on_cpu(lambda: count.append(1), 7)
    assert len(count) == 7
    assert lap.wall > 0
    assert lap.device is None


def test_a_device_without_a_stopwatch_is_refused() -> None:
    with pytest.raises(ValueError, match="meta"):
        stopwatch_for(torch.device("meta"))


def test_spread_is_the_interquartile_range_over_the_median() -> None:
    values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6]
    low, median, high = np.percentile(values, [25, 50, 75])
    assert spread(values) == pytest.approx((high - low) / median)


def test_a_cuda_lap_waits_for_the_device_at_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a device that is a list of what it was asked to do, one second a thing."""
    done: list[str] = []

    class Event:
        def __init__(self, enable_timing: bool) -> None:
            assert enable_timing

        def record(self) -> None:
            done.append("event")
            self.at = len(done)

        def elapsed_time(self, end: "Event") -> float:
            return 1000.0 * (end.at - self.at)

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: done.append("wait"))
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(stopwatch, "perf_counter", lambda: done.append("clock") or float(len(done)))
    lap = stopwatch_for(torch.device("cuda:1"))(lambda: done.append("work"), 3)
    assert done == ["wait", "clock", "event", "work", "work", "work", "event", "wait", "clock"]
    assert lap == Lap(wall=7.0, device=4.0)
